/** SIGKILL in the middle of a replication, of either side: what has come is not sent again, and the replica is whole. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeChunks } from '../../src/replica-wire/chunk-frames.ts'
import { type Service, startService } from '../crash/service.ts'
import { type Answer, acme, projects, signIn } from '../house.ts'
import { until } from '../shared-backup.ts'
import { type Gate, openGate, type Passed } from '../two-regions.ts'

type Body = Answer['body']

const PROJECT = projects.alpha
const CHUNK = 256 * 1024
/** Two calls full of chunks, and a part of a third. */
const DISK = 80 * CHUNK

let folder: string
let gate: Gate
let closeGate: () => void
let [here, there]: Service[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opencbr-killed-'))
  await writeFile(join(folder, 'disk.raw'), randomBytes(DISK))
  const opened = await openGate('')
  gate = opened.gate
  closeGate = () => opened.server.close().closeAllConnections()
  await writeFile(join(folder, 'there.yaml'), JSON.stringify(configOf('there')))
  const peer = {
    ...{ region: 'there-1', url: gate.url, user: 'alice', password: 'alice-secret', domain: 'acme' },
    projects: { [PROJECT]: [PROJECT] },
  }
  const disk = { project: 'alpha', name: 'disk', path: join(folder, 'disk.raw'), format: 'raw' }
  await writeFile(
    join(folder, 'here.yaml'),
    JSON.stringify({
      ...configOf('here'),
      replication: { peers: [peer] },
      resources: { local: { disks: [disk], servers: [{ project: 'alpha', name: 'db', disks: ['disk'] }] } },
    }),
  )
  here = await start('here')
  there = await start('there')
  gate.to = there.url
})
after(async () => {
  await here?.kill()
  await there?.kill()
  closeGate()
  await rm(folder, { recursive: true, force: true })
})

const start = (name: string): Promise<Service> => startService(join(folder, `${name}.yaml`))

const configOf = (name: string) => ({
  dataDir: join(folder, name),
  region: `${name}-1`,
  logLevel: 'info',
  identity: { embedded: { domains: [acme()] } },
})

/** As alice, of whichever process has the URL now. */
async function call(service: Service | undefined, method: string, path: string, body?: object): Promise<Body> {
  const url = service?.url ?? assert.fail('the service does not run')
  const answer = await fetch(`${url}/v3/${PROJECT}/${path}`, {
    method,
    headers: { 'x-auth-token': await signIn(url, 'alice') },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return JSON.parse(text)
}

async function aVault(service: Service | undefined, protect_type: string, resources: readonly object[]) {
  const billing = { object_type: 'server', protect_type, size: 100, consistent_level: 'crash_consistent' }
  const { vault } = await call(service, 'POST', 'vaults', { vault: { name: protect_type, resources, billing } })
  return vault.id as string
}

async function backUp(vaultId: string): Promise<Body> {
  const { checkpoint } = await call(here, 'POST', 'checkpoints', { checkpoint: { vault_id: vaultId } })
  return until(async () => {
    const { backups } = await call(here, 'GET', `backups?checkpoint_id=${checkpoint.id}&status=available`)
    return backups[0]
  })
}

async function replicaOf(backup: Body, vaultId: string): Promise<Body> {
  const to = { destination_region: 'there-1', destination_project_id: PROJECT, destination_vault_id: vaultId }
  await call(here, 'POST', `backups/${backup.id}/replicate`, { replicate: to })
  return until(async () => {
    if (here === undefined || there === undefined) return undefined
    try {
      return (await call(there, 'GET', `backups?vault_id=${vaultId}&status=available`)).backups[0]
    } catch (error) {
      // It was killed while it was asked.
      if (error instanceof TypeError) return undefined
      throw error
    }
  })
}

const isFull = ({ path, body }: Passed): boolean => path.endsWith('/chunks') && body.length > CHUNK

/** Hashes of all data chunks that reached the other side. */
async function sentHashes(): Promise<readonly string[]> {
  const all: string[] = []
  for (const { body } of gate.passed.filter(({ path }) => path.endsWith('/chunks')))
    for (const { kind, hash } of (await decodeChunks(body, 32)) ?? [])
      if (kind === 'data') all.push(Buffer.from(hash).toString('hex'))
  return all
}

test('the source is killed after a part has gone over, and again; it goes on from there', async () => {
  const { instances } = await call(here, 'GET', 'protectables/server/instances')
  const resource = { id: instances[0].id, type: 'OS::Nova::Server' }
  const source = await aVault(here, 'backup', [resource])
  const target = await aVault(there, 'replication', [])
  const backup = await backUp(source)
  let calls = 0
  let restarted: Promise<void> | undefined
  gate.watch = request => {
    if (!isFull(request)) return undefined
    calls += 1
    if (calls !== 2 && calls !== 4) return undefined
    restarted = restart(() => here, 'here')
    return restarted.then(() => ({ status: 503, body: '{}' }))
  }
  const replica = await replicaOf(backup, target)
  await restarted
  assert.ok(calls >= 4, `${calls} calls`)
  const sent = await sentHashes()
  assert.equal(sent.length, DISK / CHUNK)
  assert.equal(new Set(sent).size, sent.length)
  assert.equal(replica.children[0].digest, backup.children[0].digest)
  await releasedOf(backup)
})

test('the destination is killed after a part has come; it need not come again', async () => {
  await writeFile(join(folder, 'disk.raw'), randomBytes(DISK))
  const { vaults } = await call(here, 'GET', 'vaults')
  const backup = await backUp(vaults[0].id)
  const target = await aVault(there, 'replication', [])
  gate.passed.length = 0
  let calls = 0
  gate.watch = request => {
    if (!isFull(request)) return undefined
    calls += 1
    if (calls !== 2) return undefined
    return restart(() => there, 'there').then(() => ({ status: 503, body: '{}' }))
  }
  const replica = await replicaOf(backup, target)
  const sent = await sentHashes()
  assert.equal(new Set(sent).size, DISK / CHUNK)
  assert.equal(sent.length, DISK / CHUNK)
  assert.equal(replica.children[0].digest, backup.children[0].digest)
  await releasedOf(backup)
})

async function restart(of: () => Service | undefined, name: 'here' | 'there'): Promise<void> {
  const old = of()
  if (name === 'here') here = undefined
  else there = undefined
  await old?.kill()
  const service = await start(name)
  if (name === 'here') here = service
  else {
    there = service
    gate.to = service.url
  }
}

/** The record says success, and the source is nobody's any more: it can be deleted. */
async function releasedOf(backup: Body): Promise<void> {
  await until(async () => {
    const { backups } = await call(here, 'GET', `backups?id=${backup.id}&show_replication=true`)
    return backups[0].replication_records[0].status === 'success' ? true : undefined
  })
}

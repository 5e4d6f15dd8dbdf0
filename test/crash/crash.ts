/**
 * Kills the service (SIGKILL) at seeded points of a random workload over backup, share, accept, restore, delete and
 * collection, starts it again on the same data and checks the invariants, each time.
 *
 * CRASH_POINTS (200) says how often, CRASH_SEED where to begin; a failure prints the seed that repeats it.
 */
import { mkdir, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Client, Gone, signIn } from './client.ts'
import { makeDisk, saveConfig } from './disks.ts'
import { check, checkEmptied } from './invariants.ts'
import { type Random, seeded } from './random.ts'
import { type Service, startService } from './service.ts'
import { type Site, World } from './world.ts'

const LATEST_KILL_MS = 900

const points = Number(process.env.CRASH_POINTS ?? 200)
const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)
console.log(`crash test: ${points} points, CRASH_SEED=${seed}`)

const random = seeded(seed)
const folder = await mkdtemp(join(tmpdir(), 'opencbr-crash-'))
const configFile = join(folder, 'opencbr.json')
await prepare()
let service = await startService(configFile)
let [alice, bob] = await people(service)
const world = new World(await makeVaults(alice, bob))
for (let point = 1; point <= points; point += 1) {
  await workUntilKilled(service, point)
  service = await startService(configFile)
  ;[alice, bob] = await people(service)
  await check(world, alice, bob, random)
  if (point % 20 === 0) console.log(`${point} points: ${JSON.stringify(world.counts)}, ${world.backups.size} backups`)
}
await checkEmptied(world, alice, bob, packFiles)
const code = await service.stop()
if (code !== 0) throw new Error(`the service ended with ${code} when asked to stop`)
console.log(`${points} passed, 0 failed`)

async function prepare(): Promise<void> {
  await mkdir(join(folder, 'data'), { recursive: true })
  for (const [name, megabytes] of [
    ['root.raw', 12],
    ['data.raw', 6],
    ['lone.raw', 8],
  ] as const)
    await makeDisk(join(folder, name), megabytes, random)
  const user = (name: string, project: string) => ({
    name,
    password: `${name}-secret`,
    roles: { [project]: ['CBR FullAccess'] },
  })
  const disk = (name: string) => ({ project: 'alpha', name, path: join(folder, `${name}.raw`), format: 'raw' })
  await saveConfig(configFile, {
    dataDir: join(folder, 'data'),
    identity: {
      embedded: {
        domains: [
          {
            name: 'acme',
            projects: [{ name: 'alpha' }, { name: 'beta' }],
            users: [user('alice', 'alpha'), user('bob', 'beta')],
          },
        ],
      },
    },
    resources: {
      local: {
        disks: [disk('root'), disk('data'), disk('lone')],
        servers: [{ project: 'alpha', name: 'db-01', disks: ['root', 'data'] }],
      },
    },
  })
}

async function people(running: Service): Promise<[Client, Client]> {
  return [await signIn(running.url, 'alice', 'alpha'), await signIn(running.url, 'bob', 'beta')]
}

async function makeVaults(owner: Client, recipient: Client): Promise<Site> {
  const list = async (type: string) =>
    (await owner.call('GET', `/v3/{project_id}/protectables/${type}/instances`)).body.instances
  const [server] = await list('server')
  const lone = (await list('disk')).find((one: { name: string }) => one.name === 'lone')
  const make = async (client: Client, objectType: 'server' | 'disk', resources: object[]): Promise<string> => {
    const billing = { consistent_level: 'crash_consistent', object_type: objectType, protect_type: 'backup', size: 100 }
    const { status, body } = await client.call('POST', '/v3/{project_id}/vaults', {
      vault: { name: `${objectType}s`, billing, resources },
    })
    if (status !== 200) throw new Error(`no vault: ${JSON.stringify(body)}`)
    return body.vault.id
  }
  return {
    folder,
    serverId: server.id,
    diskId: lone.id,
    vaults: {
      server: await make(owner, 'server', [{ id: server.id, type: 'OS::Nova::Server' }]),
      disk: await make(owner, 'disk', [{ id: lone.id, type: 'OS::Cinder::Volume' }]),
      serverOfBob: await make(recipient, 'server', []),
      diskOfBob: await make(recipient, 'disk', []),
    },
    files: { server: ['root.raw', 'data.raw'], disk: ['lone.raw'] },
  }
}

/** Random actions until the seeded moment; whatever the death of the service interrupts stays open in the ledger. */
async function workUntilKilled(running: Service, point: number): Promise<void> {
  const moment = wait(random.below(LATEST_KILL_MS)).then(() => running.kill())
  const actor: Random = seeded(seed * 1000 + point)
  try {
    for (;;) await world.act(alice, bob, actor)
  } catch (error) {
    if (!(error instanceof Gone)) throw error
  }
  await moment
}

async function packFiles(): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'data'), { recursive: true })
  return names.filter(name => /(^|\/)packs\/[^/]+\/[^/]+$/.test(name))
}

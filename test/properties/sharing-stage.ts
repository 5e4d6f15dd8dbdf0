/** Plays the model's actions through HTTP on a whole house: a real backup, real vaults, real images, real jobs. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openHouse, projects, type TestHouse } from '../house.ts'
import {
  type Action,
  type Actor,
  type Member,
  type Outcome,
  type Project,
  sees,
  VAULTS,
  type VaultName,
  type World,
} from './sharing-model.ts'

const actors = { alice: projects.alpha, bob: projects.beta, carol: projects.gamma, dave: 'd'.repeat(32) } as const
const vaultOwners = { b0: 'bob', b1: 'bob', c0: 'carol' } as const
/** Projects that exist and do nothing. */
const bystanders = Array.from({ length: 12 }, (_, at) => ({ name: `p${at}`, id: `${at}`.padStart(32, 'a') }))

const isActor = (project: Project): project is Actor => project in actors
const idOf = (project: Project): string =>
  isActor(project) ? actors[project] : (bystanders[Number(project.slice(1))]?.id ?? '')

export interface Stage {
  /** A server of one small disk in alice's project, its backup, and fresh vaults for bob and carol. */
  newScene(): Promise<Scene>
  close(): Promise<void>
}

export interface Scene extends AsyncDisposable {
  /** The status, or the last four digits of the code. */
  play(action: Action): Promise<string>
  /** Resolves when what a deletion started in the background has ended. */
  settled(action: Action): Promise<void>
  /** Throws unless the service shows exactly this world, and its books are in order. */
  check(world: World): Promise<void>
}

/** Whether the service's answer is what the model says; `gone` has many codes, depending on how far the deletion is. */
export function fits(expected: Outcome, outcome: string): boolean {
  if (expected !== 'gone') return outcome === expected
  return ['6200', '6705', '6702', '6201', '6208', '6712', '6105', '6112', '404'].includes(outcome)
}

export async function openStage(): Promise<Stage> {
  const house = await openHouse({
    environment: {
      OPENCBR_IDENTITY_EMBEDDED_DOMAINS: JSON.stringify([domain()]),
      OPENCBR_RESOURCES_LOCAL_DISKS: '[]',
      OPENCBR_RESOURCES_LOCAL_SERVERS: '[]',
    },
  })
  const ask = await callersOf(house)
  return { newScene: () => newScene(house, ask), close: () => house.close() }
}

const domain = () => ({
  name: 'acme',
  projects: [...Object.entries(actors).map(([name, id]) => ({ name, id })), ...bystanders],
  users: Object.keys(actors).map(name => ({
    name,
    password: `${name}-secret`,
    roles: { [name]: ['CBR FullAccess'] },
  })),
})

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of many operations; each reader says what it expects
  readonly body: any
}
type Ask = (by: Actor, method: string, path: string, body?: unknown) => Promise<Answer>

async function callersOf({ url }: TestHouse): Promise<Ask> {
  const tokens = new Map<Actor, string>()
  for (const name of Object.keys(actors) as Actor[]) {
    const scope = { project: { id: actors[name] } }
    const user = { name, domain: { name: 'acme' }, password: `${name}-secret` }
    const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
    })
    assert.equal(answer.status, 201, await answer.text())
    tokens.set(name, answer.headers.get('x-subject-token') ?? '')
  }
  return async (by, method, path, body) => {
    const answer = await fetch(url + path.replace('{project}', actors[by]), {
      method,
      headers: { 'x-auth-token': tokens.get(by) ?? '', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : undefined }
  }
}

async function newScene(house: TestHouse, ask: Ask): Promise<Scene> {
  const serverId = await putServer(house)
  const sharersVault = await putVault(ask, 'alice', [{ id: serverId, type: 'OS::Nova::Server' }])
  const backupId = await takeBackup(ask, sharersVault)
  const vaults: Record<VaultName, string> = {
    b0: await putVault(ask, 'bob'),
    b1: await putVault(ask, 'bob'),
    c0: await putVault(ask, 'carol'),
  }
  const scene = { house, ask, backupId, sharersVault, vaults }
  return {
    play: action => play(scene, action),
    settled: action => settled(scene, action),
    check: world => check(scene, world),
    async [Symbol.asyncDispose]() {
      for (const by of ['alice', 'bob', 'carol'] as const) await dropImage(scene, by)
    },
  }
}

interface Props {
  readonly house: TestHouse
  readonly ask: Ask
  readonly backupId: string
  readonly sharersVault: string
  readonly vaults: Readonly<Record<VaultName, string>>
}

/** A running server with one small disk, straight into the inventory. */
async function putServer({ folder, ports }: TestHouse): Promise<string> {
  const [serverId, diskId, at] = [crypto.randomUUID(), crypto.randomUUID(), new Date()]
  const path = join(folder, `${diskId}.raw`)
  const bytes = randomBytes(64 * 1024)
  await writeFile(path, bytes)
  const place = { projectId: projects.alpha, availabilityZone: 'az-1', createdAt: at }
  await ports.catalog.change(async ({ servers, disks }) => {
    await servers.put({ ...place, id: serverId, name: `server-${serverId.slice(0, 4)}`, status: 'ACTIVE' })
    await disks.insert({
      ...place,
      id: diskId,
      name: 'root',
      description: '',
      sizeBytes: bytes.length,
      path,
      format: 'raw',
      status: 'in-use',
      bootable: true,
      serverId,
      device: '/dev/vda',
      volumeType: 'local',
      updatedAt: at,
      managed: false,
      metadata: {},
    })
  })
  return serverId
}

async function putVault(ask: Ask, by: Actor, resources: readonly object[] = []): Promise<string> {
  const billing = { consistent_level: 'crash_consistent', object_type: 'server', protect_type: 'backup', size: 10 }
  const { status, body } = await ask(by, 'POST', '/v3/{project}/vaults', {
    vault: { name: 'vault', resources, billing },
  })
  assert.equal(status, 200, JSON.stringify(body))
  return body.vault.id
}

async function takeBackup(ask: Ask, vaultId: string): Promise<string> {
  const made = await ask('alice', 'POST', '/v3/{project}/checkpoints', { checkpoint: { vault_id: vaultId } })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const list = `/v3/{project}/backups?checkpoint_id=${made.body.checkpoint.id}`
  return until(async () => {
    const [backup] = (await ask('alice', 'GET', list)).body.backups
    assert.notEqual(backup?.status, 'error')
    return backup?.status === 'available' ? backup.id : undefined
  })
}

/** Looks every few milliseconds, for at most 20 seconds. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error('it has not come to pass within 20 s')
}

async function play(scene: Props, action: Action): Promise<string> {
  const { ask, backupId, vaults } = scene
  const backup = `/v3/{project}/backups/${backupId}`
  switch (action.do) {
    case 'offer':
      return said(ask(action.by, 'POST', `${backup}/members`, { members: action.to.map(idOf) }))
    case 'answer': {
      const vault = action.vault && { vault_id: vaults[action.vault] }
      return said(
        ask(action.by, 'PUT', `${backup}/members/${idOf(action.of)}`, { _: backupId, status: action.status, ...vault }),
      )
    }
    case 'withdraw':
      return said(ask(action.by, 'DELETE', `${backup}/members/${idOf(action.of)}`))
    case 'look':
      return said(ask(action.by, 'GET', `${backup}/members/${idOf(action.of)}`))
    case 'list':
      return said(ask(action.by, 'GET', `${backup}/members`))
    case 'view':
      return said(ask(action.by, 'GET', backup))
    case 'make-image':
      return makeImage(scene, action.by)
    case 'drop-image':
      return dropImage(scene, action.by)
    case 'delete-backup':
      return said(ask(action.by, 'DELETE', backup))
    case 'delete-vault':
      return said(ask(vaultOwners[action.vault], 'DELETE', `/v3/{project}/vaults/${vaults[action.vault]}`))
    case 'delete-sharers-vault':
      return said(ask('alice', 'DELETE', `/v3/{project}/vaults/${scene.sharersVault}`))
  }
}

async function said(answer: Promise<Answer>): Promise<string> {
  const { status, body } = await answer
  return body?.error_code?.slice(-4) ?? String(status)
}

/** Resolves when the image is active, or has been deleted meanwhile. */
async function makeImage({ ask, backupId }: Props, by: Actor): Promise<string> {
  const order = { name: 'image', backup_id: backupId, whole_image_type: 'CBR' }
  const made = ask(by, 'POST', '/image/v1/cloudimages/wholeimages/action', order)
  const { status, body } = await made
  if (status !== 200) return said(made)
  await until(async () => {
    const job = await ask(by, 'GET', `/image/v1/{project}/jobs/${body.job_id}`)
    assert.notEqual(job.body?.status, 'FAIL')
    return job.status === 404 || job.body.status === 'SUCCESS' ? true : undefined
  })
  return '200'
}

async function dropImage({ ask, backupId }: Props, by: Actor): Promise<string> {
  const { body } = await ask(by, 'GET', '/image/v2/images?limit=1000')
  const image = body.images.find((one: { readonly __backup_id: string }) => one.__backup_id === backupId)
  return image === undefined ? '404' : said(ask(by, 'DELETE', `/image/v2/images/${image.id}`))
}

async function settled({ ask, backupId, vaults, sharersVault }: Props, action: Action): Promise<void> {
  const backupIsStill = async () => {
    const { status, body } = await ask('alice', 'GET', `/v3/{project}/backups/${backupId}`)
    return status === 404 || body.backup.status === 'available' ? true : undefined
  }
  const vaultIsStill = (by: Actor, id: string) => async () => {
    const { status, body } = await ask(by, 'GET', `/v3/{project}/vaults/${id}`)
    return status === 404 || body.vault.billing.status === 'available' ? true : undefined
  }
  if (action.do === 'delete-backup' && action.by === 'alice') await until(backupIsStill)
  if (action.do === 'delete-vault') await until(vaultIsStill(vaultOwners[action.vault], vaults[action.vault]))
  if (action.do !== 'delete-sharers-vault') return
  await until(vaultIsStill('alice', sharersVault))
  await until(backupIsStill)
}

async function check(scene: Props, world: World): Promise<void> {
  const { ask, backupId } = scene
  for (const by of ['alice', 'bob', 'carol', 'dave'] as const) {
    const { status, body } = await ask(by, 'GET', `/v3/{project}/backups/${backupId}`)
    assert.equal(status, sees(world, by) ? 200 : 404, `what ${by} sees`)
    if (by === 'alice') continue
    await checkShown(scene, by, world.members.get(by), body?.backup)
  }
  await checkMembers(scene, world)
  await checkBooks(scene, world)
}

/** A recipient finds the backup among those shared to it, in the vault it accepted it into, and owned by the sharer. */
async function checkShown(
  { ask, backupId, vaults }: Props,
  by: Actor,
  member: Member | undefined,
  backup: { readonly vault_id: string; readonly project_id: string } | undefined,
): Promise<void> {
  if (backup) {
    assert.equal(backup.vault_id, member?.state === 'accepted' ? vaults[member.vault] : '')
    assert.equal(backup.project_id, projects.alpha)
  }
  const { body } = await ask(by, 'GET', '/v3/{project}/backups?own_type=shared')
  const listed = body.backups.some((one: { readonly id: string }) => one.id === backupId)
  assert.equal(listed, backup !== undefined, `what ${by} finds listed`)
}

async function checkMembers({ ask, backupId, vaults }: Props, world: World): Promise<void> {
  const { status, body } = await ask('alice', 'GET', `/v3/{project}/backups/${backupId}/members`)
  assert.equal(status, world.backup === 'gone' ? 404 : 200)
  if (status !== 200) return
  assert.ok(body.count <= 10)
  assert.equal(body.count, body.members.length)
  // biome-ignore lint/suspicious/noExplicitAny: a list of members on the wire
  const shown = body.members.map((one: any) => [one.dest_project_id, one.status, one.vault_id, 'image_id' in one])
  const expected = [...world.members].map(([project, member]) => [
    idOf(project),
    member.state,
    member.state === 'accepted' ? vaults[member.vault] : undefined,
    member.state === 'accepted' && member.image,
  ])
  assert.deepEqual(shown.sort(), expected.sort())
}

/** Each recipient's vault is charged for what it accepted, and for nothing else. */
async function checkBooks({ house, backupId, vaults }: Props, world: World): Promise<void> {
  for (const name of VAULTS) {
    const projectId = actors[vaultOwners[name]]
    const { vault, bytes } = await house.ports.catalog.read(async records => ({
      vault: await records.vaults.find(projectId, vaults[name]),
      bytes: (await records.backups.find(backupId))?.fullBytes,
    }))
    assert.equal(vault !== undefined, world.vaults.has(name), `vault ${name}`)
    const holds = [...world.members.values()].some(member => member.state === 'accepted' && member.vault === name)
    assert.equal(vault?.usedBytes ?? 0, holds ? bytes : 0, `what vault ${name} holds`)
  }
}

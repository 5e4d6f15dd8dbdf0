/** Two people, each with a project of its own, real disks, and a service of their own for each client. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Service, startService } from './service.ts'

const MIB = 1024 * 1024

export interface Account {
  readonly user: string
  readonly password: string
  readonly project: string
  readonly projectId: string
  readonly ak: string
  readonly sk: string
}

export const DOMAIN = 'acme'
export const REGION = 'local-1'

const account = (user: string, project: string, projectId: string): Account => ({
  user,
  password: `${user}-knows-this`,
  project,
  projectId,
  ak: `AK${user.toUpperCase()}`,
  sk: `${user}-signs-with-this`,
})

export const alice = account('alice', 'alpha', '0605767b5780d5762fc5c0118072a564')
export const bob = account('bob', 'beta', '075e6035d300d48c2fd0c00b78b71ebf')

/** Ids of what can be backed up in alice's project: the inventory's ids are ours to choose. */
export const inventory = {
  server: 'c1a5e500-0000-4000-8000-000000000001',
  serverDisk: 'd15c0000-0000-4000-8000-000000000001',
  serverData: 'd15c0000-0000-4000-8000-000000000002',
  disk: 'd15c0000-0000-4000-8000-000000000003',
  otherDisk: 'd15c0000-0000-4000-8000-000000000004',
} as const

export interface Stage extends Service {
  /** Empty but for the stage's own files, and gone with it: where a client may keep its own. */
  readonly folder: string
}

/**
 * For a client by this name in docs/clients.md, or for one that does not stand there. What others make ready is made
 * before, and the service started anew: none of it counts as the client's calls.
 */
export async function setStage(client?: string, makeReady?: (stage: Stage) => Promise<void>): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-clients-'))
  for (const { name } of DISKS) await writeFile(join(folder, `${name}.raw`), randomBytes(2 * MIB))
  await writeFile(join(folder, 'opencbr.yaml'), stringify(configuration()))
  if (makeReady) {
    await using service = await startService(undefined, folder)
    await makeReady({ ...service, folder })
  }
  const service = await startService(client, folder)
  return {
    ...service,
    folder,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

const DISKS = [
  { id: inventory.serverDisk, name: 'web-root' },
  { id: inventory.serverData, name: 'web-data' },
  { id: inventory.disk, name: 'db' },
  { id: inventory.otherDisk, name: 'archive' },
] as const

function configuration(): object {
  const user = ({ user, password, project, ak, sk }: Account) => ({
    name: user,
    password,
    roles: { [project]: ['CBR FullAccess'] },
    accessKeys: [{ ak, sk }],
  })
  const domain = {
    name: DOMAIN,
    projects: [alice, bob].map(({ project, projectId }) => ({ name: project, id: projectId })),
    users: [alice, bob].map(user),
  }
  const disks = DISKS.map(({ id, name }) => ({ id, project: alice.project, name, path: `${name}.raw`, format: 'raw' }))
  const server = { id: inventory.server, project: alice.project, name: 'web', disks: ['web-root', 'web-data'] }
  return {
    dataDir: 'data',
    region: REGION,
    replication: { withinRegion: true },
    identity: { embedded: { domains: [domain] } },
    resources: { local: { disks, servers: [server] } },
  }
}

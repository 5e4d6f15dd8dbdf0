/**
 * The rules without a house around them, for tests: a real catalog in memory, a clock that stands still, an inventory
 * set by hand. No HTTP, no bytes, no jobs that run.
 */
import assert from 'node:assert/strict'
import { openSqliteCatalog } from '../src/adapters/catalog/sqlite.ts'
import type { ErrorCode } from '../src/contract/errors.ts'
import type { Vault } from '../src/contract/operations.gen.ts'
import type { ProjectCaller } from '../src/control/use-case.ts'
import { createVault } from '../src/control/vault/create-vault.ts'
import type { BackupRecord } from '../src/ports/catalog/backup.ts'
import type { Catalog } from '../src/ports/catalog/catalog.ts'
import type { ImageRecord } from '../src/ports/catalog/image.ts'
import type { VaultPatch } from '../src/ports/catalog/vault.ts'
import type { Identity, ProjectRecord } from '../src/ports/identity.ts'
import type { Ports, Settings } from '../src/ports/ports.ts'
import type { ProtectableDisk, ProtectableServer, Protectables } from '../src/ports/protectables.ts'
import { noReplicas } from './no-replicas.ts'

export const NOW = new Date('2026-11-23T14:15:54.210Z')
const GIB = 2 ** 30

export const alice = callerOf('alice', '0605767b5780d5762fc5c0118072a564')
export const bob = callerOf('bob', '075e6035d300d48c2fd0c00b78b71ebf')

function callerOf(name: string, projectId: string): ProjectCaller {
  return {
    userId: `${name}-id`,
    userName: name,
    domainId: 'acme-id',
    domainName: 'acme',
    projectId,
    roles: ['CBR FullAccess'],
    statements: [],
    via: 'token',
    requestId: `req-${name}`,
  }
}

/** A disk of 10 GB that nothing is attached to. */
export function aDisk(given: Partial<ProtectableDisk> = {}): ProtectableDisk {
  return {
    id: crypto.randomUUID(),
    name: 'disk',
    sizeBytes: 10 * GIB,
    status: 'available',
    bootable: false,
    encrypted: false,
    shareable: false,
    availabilityZone: 'az-1',
    createdAt: NOW,
    projectId: alice.projectId,
    ...given,
  }
}

/** A running server with a system disk of 40 GB and a data disk of 10 GB. */
export function aServer(given: Partial<ProtectableServer> = {}): ProtectableServer {
  const id = given.id ?? crypto.randomUUID()
  const attached = { status: 'in-use', serverId: id }
  return {
    id,
    name: 'server',
    status: 'ACTIVE',
    availabilityZone: 'az-1',
    createdAt: NOW,
    projectId: alice.projectId,
    disks: [
      aDisk({ ...attached, name: 'root', sizeBytes: 40 * GIB, bootable: true, device: '/dev/vda' }),
      aDisk({ ...attached, name: 'data', device: '/dev/vdb' }),
    ],
    ...given,
  }
}

export interface Desk extends AsyncDisposable {
  readonly ports: Pick<Ports, 'catalog' | 'protectables' | 'identity' | 'settings' | 'now' | 'wake' | 'replicas'>
  readonly catalog: Catalog
  /** What the inventory shows; a test may add to it at any time. */
  readonly servers: ProtectableServer[]
  readonly disks: ProtectableDisk[]
  /** Projects of every user. */
  readonly projects: ProjectRecord[]
  /** How often the runner has been woken. */
  readonly woken: { times: number }
}

/** The desk closes the catalog. */
export async function openDesk(given: Partial<Settings> = {}, on?: Catalog): Promise<Desk> {
  const catalog = on ?? (await openSqliteCatalog({ file: ':memory:' }))
  const [servers, disks, projects]: [ProtectableServer[], ProtectableDisk[], ProjectRecord[]] = [[], [], []]
  const woken = { times: 0 }
  const settings = { region: 'local-1', availabilityZone: 'az-1', mostVaults: Number.POSITIVE_INFINITY }
  return {
    catalog,
    servers,
    disks,
    projects,
    woken,
    ports: {
      catalog,
      protectables: inventory(servers, disks),
      identity: identityOf(projects),
      settings: {
        ...settings,
        smallestVaultGb: 10,
        mostWebhooks: 10,
        disksFolder: '/nowhere',
        importsFolder: '/nowhere',
        ...given,
      },
      replicas: noReplicas,
      now: () => NOW,
      wake: () => {
        woken.times += 1
      },
    },
    [Symbol.asyncDispose]: () => catalog.close(),
  }
}

function inventory(servers: readonly ProtectableServer[], disks: readonly ProtectableDisk[]): Protectables {
  const all = () => [...disks, ...servers.flatMap(server => server.disks)]
  const own = (projectId: string) => (thing: { readonly projectId: string }) => thing.projectId === projectId
  return {
    servers: async projectId => servers.filter(own(projectId)),
    disks: async projectId => all().filter(own(projectId)),
    server: async (projectId, id) => servers.filter(own(projectId)).find(server => server.id === id),
    disk: async (projectId, id) =>
      all()
        .filter(own(projectId))
        .find(disk => disk.id === id),
  }
}

export function identityOf(projects: readonly ProjectRecord[]): Identity {
  const unasked = () => Promise.reject(new Error('no rule of this test asks for it'))
  return {
    projectsOfUser: async () => projects,
    callerOfToken: unasked,
    callerOfSignature: unasked,
    unknownProjects: unasked,
    project: async id => projects.find(project => project.id === id),
    async projectsOfDomain(named) {
      const own = ({ domainId, domainName }: ProjectRecord) =>
        'id' in named ? domainId === named.id : domainName === named.name
      return projects.some(own) ? projects.filter(project => own(project) && project.enabled) : undefined
    },
  }
}

/** A vault of 100 GB; the fields given lie over what CreateVault makes, whether it would make them or not. */
export async function putVault(desk: Desk, given: VaultPatch & { usedBytes?: number } = {}): Promise<Vault> {
  const { usedBytes = 0, ...patch } = given
  const billing = { object_type: given.objectType ?? 'server', protect_type: 'backup', size: 100 } as const
  const { vault } = await createVault(desk.ports, alice, {
    path: { project_id: alice.projectId },
    query: {},
    body: { vault: { name: 'vault-1', resources: [], billing } },
  })
  assert.ok(vault)
  await desk.catalog.change(async ({ vaults }) => {
    await vaults.update(vault.id, patch)
    await vaults.charge(vault.id, usedBytes)
  })
  return vault
}

/** A backup row, charged to its vault; without more, an available manual backup of a disk. */
export async function putBackup(desk: Desk, vaultId: string, given: Partial<BackupRecord> = {}): Promise<BackupRecord> {
  const backup = { ...plainBackup(vaultId), ...given }
  await desk.catalog.change(async ({ backups, vaults, resources }) => {
    await backups.insert([backup])
    if (backup.parentId !== undefined) return
    await vaults.charge(vaultId, backup.storedBytes)
    await resources.tally(vaultId, backup.resourceId, backup.storedBytes, 1)
  })
  return backup
}

const plainBackup = (vaultId: string): BackupRecord => ({
  id: crypto.randomUUID(),
  projectId: alice.projectId,
  vaultId,
  checkpointId: crypto.randomUUID(),
  name: 'manualbk_1234',
  description: '',
  status: 'available',
  imageType: 'backup',
  resourceId: crypto.randomUUID(),
  resourceName: 'disk',
  resourceType: 'OS::Cinder::Volume',
  resourceSizeBytes: 10 * GIB,
  resourceAz: 'az-1',
  incremental: true,
  full: true,
  createdAt: NOW,
  updatedAt: NOW,
  protectedAt: NOW,
  autoTrigger: false,
  systemDisk: false,
  bootable: false,
  encrypted: false,
  containSystemDisk: false,
  enterpriseProjectId: '0',
  storedBytes: GIB,
  fullBytes: GIB,
  uses: 0,
})

/** An image of a backup, in the project given. */
export async function putImage(desk: Pick<Desk, 'catalog'>, backupId: string, projectId: string): Promise<ImageRecord> {
  const image: ImageRecord = {
    id: crypto.randomUUID(),
    projectId,
    backupId,
    name: 'image',
    description: '',
    status: 'active',
    jobId: crypto.randomUUID(),
    createdAt: NOW,
    updatedAt: NOW,
    minDiskGb: 40,
    sizeBytes: 40 * GIB,
    tags: [],
  }
  await desk.catalog.change(({ images }) => images.insert(image))
  return image
}

/** Passes when the work is refused with this code. */
export const refused = (code: ErrorCode, work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, { name: 'Refusal', code })

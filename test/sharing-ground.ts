/**
 * Four projects and what they share, for tests of the rules on any catalog: no HTTP, no bytes, no jobs that run. The
 * clock moves by a second at each look, so that everything has its own time.
 */

import { Refusal } from '../src/contract/errors.ts'
import type { UpdateMember } from '../src/contract/operations.gen.ts'
import { addMember } from '../src/control/member/add-member.ts'
import { deleteMember } from '../src/control/member/delete-member.ts'
import { showMemberDetail } from '../src/control/member/show-member-detail.ts'
import { showMembersDetail } from '../src/control/member/show-members-detail.ts'
import { updateMemberStatus } from '../src/control/member/update-member-status.ts'
import type { ProjectCaller } from '../src/control/use-case.ts'
import type { BackupRecord } from '../src/ports/catalog/backup.ts'
import type { Catalog } from '../src/ports/catalog/catalog.ts'
import type { VaultRecord } from '../src/ports/catalog/vault.ts'
import type { Identity, ProjectRecord } from '../src/ports/identity.ts'
import type { Ports } from '../src/ports/ports.ts'

export const GIB = 2 ** 30
/** Bytes that a shared backup occupies in an accepting vault. */
export const FULL_BYTES = 3 * GIB

export const sharer = callerOf('alice', '0605767b5780d5762fc5c0118072a564')
export const recipient = callerOf('bob', '075e6035d300d48c2fd0c00b78b71ebf')
export const other = callerOf('carol', '0c3f6a1d52b84e7f9a60d2b7c81e4f35')

/** Existing projects that play no part of their own. */
export const extraProjects = Array.from({ length: 20 }, (_, at) => `${at}`.padStart(32, 'e'))
/** All extra ones are of this domain. */
export const EXTRA_DOMAIN = 'extra-id'

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

export interface Ground {
  readonly ports: Pick<Ports, 'catalog' | 'identity' | 'now' | 'wake'>
  readonly catalog: Catalog
}

export function groundOn(catalog: Catalog): Ground {
  let seconds = 0
  const now = () => {
    seconds += 1
    return new Date(Date.UTC(2026, 10, 23, 14, 0, seconds, 209))
  }
  return { catalog, ports: { catalog, identity: knownProjects, now, wake: () => undefined } }
}

const projectOf = (id: string, domainId: string): ProjectRecord => ({
  id,
  name: id,
  domainId,
  domainName: domainId,
  enabled: true,
  description: '',
})
const known = [
  ...[sharer, recipient, other].map(({ projectId }) => projectOf(projectId, 'acme-id')),
  ...extraProjects.map(id => projectOf(id, EXTRA_DOMAIN)),
]
const unasked = () => Promise.reject(new Error('no rule of these tests asks for it'))
const knownProjects: Identity = {
  callerOfToken: unasked,
  callerOfSignature: unasked,
  unknownProjects: async ids => ids.filter(id => !known.some(project => project.id === id)),
  project: async id => known.find(project => project.id === id),
  projectsOfDomain: async domain => {
    const found = known.filter(project => 'id' in domain && project.domainId === domain.id)
    return found.length > 0 ? found : undefined
  },
  projectsOfUser: unasked,
}

/** A vault of 100 GB for servers, of the caller's project. */
export async function putVault(
  { catalog, ports }: Ground,
  caller: ProjectCaller,
  given: Partial<VaultRecord> = {},
): Promise<VaultRecord> {
  const at = ports.now()
  const vault: VaultRecord = {
    id: crypto.randomUUID(),
    projectId: caller.projectId,
    userId: caller.userId,
    name: 'vault',
    description: '',
    createdAt: at,
    updatedAt: at,
    status: 'available',
    objectType: 'server',
    protectType: 'backup',
    consistentLevel: 'crash_consistent',
    cloudType: 'public',
    chargingMode: 'post_paid',
    sizeGb: 100,
    usedBytes: 0,
    isMultiAz: false,
    autoBind: false,
    autoExpand: false,
    smnNotify: true,
    threshold: 80,
    locked: false,
    demandBilling: false,
    enterpriseProjectId: '0',
    bindTags: [],
    ...given,
  }
  await catalog.change(({ vaults }) => vaults.insert(vault))
  return vault
}

/** An available server backup of the sharer's, with a system disk and a data disk. */
export async function putBackup(
  { catalog, ports }: Ground,
  vault: VaultRecord,
  given: Partial<BackupRecord> = {},
): Promise<BackupRecord> {
  const at = ports.now()
  const backup: BackupRecord = {
    id: crypto.randomUUID(),
    projectId: vault.projectId,
    vaultId: vault.id,
    checkpointId: crypto.randomUUID(),
    name: 'manualbk_1234',
    description: '',
    status: 'available',
    imageType: 'backup',
    resourceId: crypto.randomUUID(),
    resourceName: 'db-01',
    resourceType: 'OS::Nova::Server',
    resourceSizeBytes: 50 * GIB,
    resourceAz: 'az-1',
    incremental: true,
    full: true,
    createdAt: at,
    updatedAt: at,
    protectedAt: at,
    autoTrigger: false,
    systemDisk: false,
    bootable: false,
    encrypted: false,
    containSystemDisk: true,
    enterpriseProjectId: '0',
    storedBytes: FULL_BYTES,
    fullBytes: FULL_BYTES,
    uses: 0,
    ...given,
  }
  const disk = { ...backup, parentId: backup.id, resourceType: 'OS::Cinder::Volume', storedBytes: 0, fullBytes: 0 }
  const root = { ...disk, id: crypto.randomUUID(), resourceName: 'root', systemDisk: true, bootable: true }
  const data = { ...disk, id: crypto.randomUUID(), resourceName: 'data', resourceSizeBytes: 10 * GIB }
  const isServer = backup.resourceType === 'OS::Nova::Server'
  await catalog.change(async ({ backups, vaults }) => {
    await backups.insert(isServer ? [backup, { ...root, resourceSizeBytes: 40 * GIB }, data] : [backup])
    await vaults.charge(vault.id, backup.storedBytes)
  })
  return backup
}

/** `ok`, or the code of the refusal; any other error is passed on. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

export const usedBytesOf = async ({ catalog }: Ground, vault: VaultRecord): Promise<number | undefined> =>
  (await catalog.read(({ vaults }) => vaults.find(vault.projectId, vault.id)))?.usedBytes

/** The five calls, by whoever makes them. */
export function calls({ ports }: Ground) {
  const path = (caller: ProjectCaller, backupId: string) => ({ project_id: caller.projectId, backup_id: backupId })
  return {
    post: (caller: ProjectCaller, backupId: string, members: readonly string[], domains?: readonly string[]) =>
      addMember(ports, caller, {
        path: path(caller, backupId),
        query: {},
        body: domains ? { members, domains } : { members },
      }),
    list: (caller: ProjectCaller, backupId: string, query: Parameters<typeof showMembersDetail>[2]['query'] = {}) =>
      showMembersDetail(ports, caller, { path: path(caller, backupId), query, body: undefined }),
    get: (caller: ProjectCaller, backupId: string, memberId: string) =>
      showMemberDetail(ports, caller, {
        path: { ...path(caller, backupId), member_id: memberId },
        query: {},
        body: undefined,
      }),
    put: (caller: ProjectCaller, backupId: string, body: object, memberId: string = caller.projectId) =>
      updateMemberStatus(ports, caller, {
        path: { ...path(caller, backupId), member_id: memberId },
        query: {},
        body: body as UpdateMember,
      }),
    remove: (caller: ProjectCaller, backupId: string, memberId: string) =>
      deleteMember(ports, caller, {
        path: { ...path(caller, backupId), member_id: memberId },
        query: {},
        body: undefined,
      }),
  }
}

/** Lists in full, and the one thing of a list that is meant: by its id, or by its name where only one has it. */
import { type Cbr, everyPage, had, type Query } from '../client/cbr.ts'
import { ClientFailure, UsageFailure } from '../client/failures.ts'
import { isUuid } from '../contract/ids.ts'
import { mostRows } from '../contract/limits.ts'
import type { Webhook } from '../contract/opencbr-api.ts'
import type { BackupResp, OperationLog, Policy, ProtectablesResp, Vault } from '../contract/operations.gen.ts'

interface Thing {
  readonly id: string
  readonly name: string
}

export type ResourceKind = 'server' | 'disk'

export const allVaults = (cbr: Cbr): Promise<readonly Vault[]> =>
  everyPage(async page => (await cbr.call('ListVault', { query: page })).vaults)

export const allPolicies = (cbr: Cbr): Promise<readonly Policy[]> =>
  everyPage(async page => (await cbr.call('ListPolicies', { query: page })).policies)

export const allBackups = (cbr: Cbr, query: Query<'ListBackups'>): Promise<readonly BackupResp[]> =>
  everyPage(async page => (await cbr.call('ListBackups', { query: { ...query, ...page } })).backups)

export const allTasks = (cbr: Cbr, query: Query<'ListOpLogs'>): Promise<readonly OperationLog[]> =>
  everyPage(async page => (await cbr.call('ListOpLogs', { query: { ...query, ...page } })).operation_logs)

export const allOfKind = (cbr: Cbr, kind: ResourceKind): Promise<readonly ProtectablesResp[]> =>
  everyPage(async page => {
    const path = { protectable_type: kind }
    return (await cbr.call('ListProtectable', { path, query: page })).instances
  }, mostRows.ListProtectable)

export const WEBHOOKS = '/opencbr/v1/{project_id}/webhooks'

export const allWebhooks = async (cbr: Cbr): Promise<readonly Webhook[]> =>
  (await cbr.ask<{ webhooks: readonly Webhook[] }>('GET', WEBHOOKS)).webhooks

export function oneOf<T extends Thing>(what: string, given: string, among: readonly T[]): T {
  const exact = among.find(({ id }) => id === given)
  if (exact !== undefined) return exact
  const [first, ...others] = among.filter(({ name }) => name === given)
  if (first === undefined) throw new ClientFailure(`there is no ${what} ${given}`, { next: `opencbr ${what} list` })
  if (others.length === 0) return first
  const ids = [first, ...others].map(({ id }) => id).join(', ')
  throw new ClientFailure(`${others.length + 1} ${what}s are called ${given}`, { next: `name one by its id: ${ids}` })
}

/** An id is taken as it is: whether there is such a thing is the service's to say. */
const idOf = async (what: string, given: string, all: () => Promise<readonly Thing[]>): Promise<string> =>
  isUuid(given) ? given : oneOf(what, given, await all()).id

export const vaultId = (cbr: Cbr, given: string): Promise<string> => idOf('vault', given, () => allVaults(cbr))

export const policyId = (cbr: Cbr, given: string): Promise<string> => idOf('policy', given, () => allPolicies(cbr))

export const webhookId = (cbr: Cbr, given: string): Promise<string> => idOf('webhook', given, () => allWebhooks(cbr))

/** Also one that is shared to the project. */
export const backupId = (cbr: Cbr, given: string): Promise<string> =>
  idOf('backup', given, () => allBackups(cbr, { own_type: 'all_granted' }))

export async function oneBackup(cbr: Cbr, given: string): Promise<BackupResp> {
  const path = { backup_id: await backupId(cbr, given) }
  return had((await cbr.call('ShowBackup', { path })).backup, 'a backup')
}

export async function oneResource(cbr: Cbr, given: string, kind: ResourceKind): Promise<ProtectablesResp> {
  return oneOf(kind, given, await allOfKind(cbr, kind))
}

/** The backup of one disk: itself, or the one of a server's that is named, or its only one. */
export async function oneDisk(cbr: Cbr, given: string, name: string | undefined): Promise<BackupResp> {
  const backup = await oneBackup(cbr, given)
  if (backup.resource_type !== 'OS::Nova::Server') return backup
  const disks = backup.children ?? []
  const [only, ...others] = disks
  if (name === undefined && only !== undefined && others.length === 0) return only
  const found = disks.find(({ id, resource_name: of, resource_id: disk }) => [id, of, disk].includes(name ?? ''))
  if (found !== undefined) return found
  const names = disks.map(disk => disk.resource_name).join(', ')
  throw new UsageFailure(`name one disk of the server with --disk: ${names}`)
}

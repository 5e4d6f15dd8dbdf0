import type { Command } from 'commander'
import type { Cbr } from '../client/cbr.ts'
import { isRefused } from '../client/failures.ts'
import { until } from '../client/follow.ts'
import type { BackupResp, BackupRestore } from '../contract/operations.gen.ts'
import { allBackups, backupId, oneBackup, vaultId } from './find.ts'
import { detailed, kind, listed, moment, type Shown, said } from './shown.ts'
import { noun, verb } from './verb.ts'
import { waitForTask } from './wait.ts'

interface ListOptions {
  readonly vault?: string
  readonly status?: BackupResp['status']
  readonly shared: boolean
}

interface RestoreOptions {
  readonly powerOff: boolean
  readonly wait: boolean
}

export function addBackupCommands(program: Command): Command {
  const backup = noun(program, 'backup', 'what a server or disk was at one moment')
  verb(backup, 'list', 'the backups of the project, newest first', listBackups)
    .option('--vault <vault>', 'in this vault')
    .option('--status <status>', 'in this state')
    .option('--shared', 'those that others have shared to the project', false)
  verb(backup, 'show <backup>', 'a backup, its disks and their digests', async (cbr, given: string) =>
    showBackup(await oneBackup(cbr, given)),
  )
  verb(backup, 'delete <backup>', 'delete a backup; of a shared one: give the share up', deleteBackup).option(
    '--wait',
    'until it is gone',
    false,
  )
  verb(backup, 'restore <backup>', 'put it back onto the server or disk it was taken from', restoreBackup)
    .option('--power-off', 'leave the server off afterwards', false)
    .option('--wait', 'until it has ended; 1 unless well', false)
  return backup
}

export const backupColumns = {
  id: (backup: BackupResp) => backup.id,
  name: (backup: BackupResp) => backup.name,
  of: (backup: BackupResp) => backup.resource_name,
  type: (backup: BackupResp) => kind(backup.resource_type),
  'size GB': (backup: BackupResp) => backup.resource_size,
  status: (backup: BackupResp) => backup.status,
  created: (backup: BackupResp) => moment(backup.created_at),
}

async function listBackups(cbr: Cbr, { vault, status, shared }: ListOptions): Promise<Shown> {
  const backups = await allBackups(cbr, {
    vault_id: vault === undefined ? undefined : await vaultId(cbr, vault),
    status: status === undefined ? undefined : [status],
    own_type: shared ? 'shared' : 'private',
  })
  return listed(backups, backupColumns)
}

export function showBackup(backup: BackupResp): Shown {
  const facts = detailed(backup, {
    id: backup.id,
    name: backup.name,
    description: backup.description,
    of: `${kind(backup.resource_type)} ${backup.resource_name} ${backup.resource_id}`,
    size: `${backup.resource_size} GB`,
    status: backup.status,
    vault: backup.vault_id,
    'part of': backup.parent_id,
    checkpoint: backup.checkpoint_id,
    created: moment(backup.created_at),
    expires: moment(backup.expired_at),
    digest: backup.digest,
  })
  const disks = backup.children ?? []
  if (disks.length === 0) return facts
  return { ...facts, text: `${facts.text}\n\n${listed(disks, diskColumns).text}` }
}

const diskColumns = {
  disk: (disk: BackupResp) => disk.id,
  of: (disk: BackupResp) => disk.resource_name,
  'size GB': (disk: BackupResp) => disk.resource_size,
  digest: (disk: BackupResp) => disk.digest,
}

async function deleteBackup(cbr: Cbr, given: string, { wait }: { readonly wait: boolean }): Promise<Shown> {
  const path = { backup_id: await backupId(cbr, given) }
  await cbr.call('DeleteBackup', { path })
  if (!wait) return said(`the backup ${path.backup_id} is being deleted`, path)
  await until(async () => {
    try {
      await cbr.call('ShowBackup', { path })
      return undefined
    } catch (error) {
      if (isRefused(error, '6200')) return true
      throw error
    }
  })
  return said(`the backup ${path.backup_id} is gone`, path)
}

/** Every disk goes where it came from. */
async function restoreBackup(cbr: Cbr, given: string, { powerOff, wait }: RestoreOptions): Promise<Shown> {
  const backup = await oneBackup(cbr, given)
  const disks = backup.children ?? []
  const restore: BackupRestore =
    backup.resource_type === 'OS::Nova::Server'
      ? {
          server_id: backup.resource_id,
          mappings: disks.map(disk => ({ backup_id: disk.id, volume_id: disk.resource_id })),
          power_on: !powerOff,
        }
      : { volume_id: backup.resource_id }
  const answer = await cbr.call('RestoreBackup', { path: { backup_id: backup.id }, body: { restore } })
  const task = answer.job_id ?? ''
  if (!wait) return said(`the restore has begun: opencbr task show ${task} --wait`, { task_id: task })
  return said('restored', await waitForTask(cbr, task, 'restored'))
}

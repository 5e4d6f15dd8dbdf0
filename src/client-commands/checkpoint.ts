/** A checkpoint: backups of the servers or disks of a vault, taken together. */
import type { Command } from 'commander'
import { type Cbr, had } from '../client/cbr.ts'
import type { CheckpointCreate, CheckpointParam } from '../contract/operations.gen.ts'
import { backupColumns } from './backup.ts'
import { allBackups, oneOf, vaultId } from './find.ts'
import { detailed, listed, moment, type Shown } from './shown.ts'
import { several } from './values.ts'
import { noun, verb } from './verb.ts'
import { waitForCheckpoint } from './wait.ts'

interface NewCheckpoint {
  readonly resource: readonly string[]
  readonly name?: string
  readonly description?: string
  readonly full: boolean
  readonly wait: boolean
}

/** `opencbr backup create` is the same as `opencbr checkpoint create`: people look for either. */
export function addCheckpointCommands(program: Command, backup: Command): void {
  const checkpoint = noun(program, 'checkpoint', 'backups of what is in a vault, taken together')
  for (const parent of [checkpoint, backup])
    verb(parent, 'create <vault>', 'back up what is in a vault', createCheckpoint)
      .option('--resource <resource>', 'this server or disk of it only; may be repeated', several, [])
      .option('--name <name>', 'name of the backups')
      .option('--description <text>', 'what they are for')
      .option('--full', 'read everything, whatever is known of changes', false)
      .option('--wait', 'until they are there; 1 unless all went well', false)
  verb(checkpoint, 'show <id>', 'a checkpoint and its backups', async (cbr, id: string) => {
    const { checkpoint: found } = await cbr.call('ShowCheckpoint', { path: { checkpoint_id: id } })
    return showCheckpoint(cbr, had(found, 'a checkpoint'))
  })
}

async function createCheckpoint(cbr: Cbr, vault: string, options: NewCheckpoint): Promise<Shown> {
  const { name, description } = options
  const id = await vaultId(cbr, vault)
  const resources = await resourcesIn(cbr, id, options.resource)
  const parameters: CheckpointParam = {
    incremental: !options.full,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(resources.length > 0 && { resources }),
  }
  const answer = await cbr.call('CreateCheckpoint', { body: { checkpoint: { vault_id: id, parameters } } })
  const begun = had(answer.checkpoint, 'a checkpoint')
  if (!options.wait) return showCheckpoint(cbr, begun)
  await waitForCheckpoint(cbr, { checkpoint: begun.id, vault: id })
  const ended = await cbr.call('ShowCheckpoint', { path: { checkpoint_id: begun.id } })
  return showCheckpoint(cbr, had(ended.checkpoint, 'a checkpoint'))
}

async function resourcesIn(cbr: Cbr, vaultId: string, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return []
  const { vault } = await cbr.call('ShowVault', { path: { vault_id: vaultId } })
  return names.map(name => oneOf('resource', name, vault?.resources ?? []).id)
}

async function showCheckpoint(cbr: Cbr, checkpoint: CheckpointCreate): Promise<Shown> {
  const backups = await allBackups(cbr, { checkpoint_id: checkpoint.id })
  const skipped = checkpoint.vault?.skipped_resources ?? []
  const facts = detailed(checkpoint, {
    checkpoint: checkpoint.id,
    status: checkpoint.status,
    vault: `${checkpoint.vault?.name} ${checkpoint.vault?.id}`,
    created: moment(checkpoint.created_at),
    skipped: skipped.map(({ name, reason }) => `${name}: ${reason}`).join('; '),
  })
  return { value: { ...checkpoint, backups }, text: `${facts.text}\n\n${listed(backups, backupColumns).text}` }
}

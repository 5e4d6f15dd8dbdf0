/** Waiting for what a command has begun, with a bar on the terminal. A ClientFailure where it does not end well. */
import { type Cbr, had } from '../client/cbr.ts'
import { ClientFailure } from '../client/failures.ts'
import { followTasks } from '../client/follow.ts'
import type { OperationLog } from '../contract/operations.gen.ts'
import { allTasks } from './find.ts'
import { openProgress } from './progress.ts'

export async function oneTask(cbr: Cbr, id: string): Promise<OperationLog> {
  return had((await cbr.call('ShowOpLog', { path: { operation_log_id: id } })).operation_log, 'a task')
}

export async function waitForTask(cbr: Cbr, id: string, words: string): Promise<OperationLog> {
  const [task] = await waitFor(words, async () => [await oneTask(cbr, id)])
  return had(task, 'a task')
}

/** The tasks of a checkpoint: one for each resource of it. */
export async function waitForCheckpoint(
  cbr: Cbr,
  { checkpoint, vault }: { readonly checkpoint: string; readonly vault: string },
): Promise<void> {
  const query = { vault_id: vault, operation_type: 'backup' as const }
  await waitFor('backed up', async () => (await allTasks(cbr, query)).filter(task => task.checkpoint_id === checkpoint))
}

async function waitFor(words: string, find: () => Promise<readonly OperationLog[]>): Promise<readonly OperationLog[]> {
  using progress = openProgress()
  const tasks = await followTasks(find, now => {
    const percents = now.map(task => task.extra_info?.common.progress ?? 0)
    progress.tell(percents.reduce((sum, percent) => sum + percent, 0) / (100 * Math.max(now.length, 1)), words)
  })
  const failed = tasks.find(({ status }) => status !== 'success')
  if (failed === undefined) return tasks
  const why = [failed.error_info.code, failed.error_info.message].filter(Boolean).join(': ')
  throw new ClientFailure(`the task ${failed.id} is ${failed.status} (${why})`, {
    next: `opencbr task show ${failed.id}`,
  })
}

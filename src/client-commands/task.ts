import { type Command, Option } from 'commander'
import type { Cbr } from '../client/cbr.ts'
import { followTasks } from '../client/follow.ts'
import type { OperationLog } from '../contract/operations.gen.ts'
import { allTasks, vaultId } from './find.ts'
import { detailed, kind, listed, moment, type Shown } from './shown.ts'
import { noun, verb } from './verb.ts'
import { oneTask, waitForTask } from './wait.ts'

interface ListOptions {
  readonly vault?: string
  readonly status?: OperationLog['status']
  readonly watch: boolean
}

export function addTaskCommands(program: Command): void {
  const task = noun(program, 'task', 'backups, restores and other work: what runs, and how it ended')
  verb(task, 'list', 'the tasks of the project, newest first', listTasks)
    .option('--vault <vault>', 'of this vault')
    .addOption(
      new Option('--status <status>', 'in this state').choices([
        'waiting',
        'running',
        'success',
        'skipped',
        'failed',
        'timeout',
      ]),
    )
    .option('--watch', 'again whenever something changes, until nothing runs', false)
  verb(task, 'show <id>', 'one task', showTask).option('--wait', 'until it has ended; 1 unless well', false)
}

const columns = {
  id: (task: OperationLog) => task.id,
  type: (task: OperationLog) => task.operation_type ?? (task.extra_info?.verify ? 'verify' : undefined),
  resource: (task: OperationLog) => task.extra_info?.resource.name,
  vault: (task: OperationLog) => task.vault_name,
  status: (task: OperationLog) => task.status,
  progress: (task: OperationLog) => `${task.extra_info?.common.progress ?? 0} %`,
  started: (task: OperationLog) => moment(task.started_at),
}

async function listTasks(cbr: Cbr, { vault, status, watch }: ListOptions): Promise<Shown | undefined> {
  const query = { status, vault_id: vault === undefined ? undefined : await vaultId(cbr, vault) }
  if (!watch) return listed(await allTasks(cbr, query), columns)
  let last = ''
  const tasks = await followTasks(
    () => allTasks(cbr, query),
    now => {
      const { text } = listed(now, columns)
      if (text !== last && process.stdout.isTTY) process.stdout.write(`\u001b[H\u001b[2J${text}\n`)
      last = text
    },
  )
  return process.stdout.isTTY ? undefined : listed(tasks, columns)
}

async function showTask(cbr: Cbr, id: string, { wait }: { readonly wait: boolean }): Promise<Shown> {
  return details(wait ? await waitForTask(cbr, id, 'done') : await oneTask(cbr, id))
}

function details(task: OperationLog): Shown {
  const { resource } = task.extra_info ?? {}
  return detailed(task, {
    id: task.id,
    type: columns.type(task),
    status: task.status,
    progress: columns.progress(task),
    resource: resource && `${kind(resource.type)} ${resource.name ?? ''} ${resource.id}`,
    vault: task.vault_name,
    started: moment(task.started_at),
    ended: moment(task.ended_at),
    error: [task.error_info.code, task.error_info.message].filter(Boolean).join(': '),
    request: task.extra_info?.common.request_id,
  })
}

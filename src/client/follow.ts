/** Following work at the service: asked often at first, then less. */
import type { OperationLog } from '../contract/operations.gen.ts'

const SOONEST_MS = 100
const LATEST_MS = 2000

export const isOver = ({ status }: OperationLog): boolean => status !== 'waiting' && status !== 'running'

/** The first that is not undefined. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let pause = SOONEST_MS; ; pause = Math.min(pause * 1.3, LATEST_MS)) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, pause))
  }
}

/** The tasks once all of them have ended, and each look at them before. */
export function followTasks(
  find: () => Promise<readonly OperationLog[]>,
  tell: (tasks: readonly OperationLog[]) => void,
): Promise<readonly OperationLog[]> {
  return until(async () => {
    const tasks = await find()
    tell(tasks)
    return tasks.every(isOver) ? tasks : undefined
  })
}

import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { asOperationLog } from './operation-log-view.ts'

export const showOpLog: UseCase<'ShowOpLog', 'catalog'> = async (ports, caller, { path }) => {
  const { operation_log_id: id } = path
  const log = await ports.catalog.read(records => records.operationLogs.find(caller.projectId, id))
  if (log === undefined) refuse('6500', { operation_log: id })
  return { operation_log: asOperationLog(log) }
}

import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { asCheckpoint } from './checkpoint-view.ts'

/** Answers during and after the work, until the last of its backups is gone (semantics 6). */
export const showCheckpoint: UseCase<'ShowCheckpoint', 'catalog'> = (ports, caller, { path }) =>
  ports.catalog.read(async records => {
    const { projectId } = caller
    const checkpoint = await records.checkpoints.find(projectId, path.checkpoint_id)
    if (checkpoint === undefined) refuse('6217', { checkpoint: path.checkpoint_id })
    const { id, vaultId } = checkpoint
    const backups = await records.backups.within({ projectId, checkpointId: id })
    const resources = await records.resources.of([vaultId])
    return {
      checkpoint: asCheckpoint(checkpoint, {
        backups: backups.filter(backup => backup.parentId === undefined),
        resources,
      }),
    }
  })

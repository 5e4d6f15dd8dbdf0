import type { UseCase } from '../use-case.ts'
import { lockVault } from '../vault/vault-rules.ts'
import {
  checkAnyChosen,
  checkTakesBackups,
  choose,
  namedResources,
  pickResources,
  retentionDays,
} from './checkpoint-rules.ts'
import { asCheckpoint } from './checkpoint-view.ts'
import { readInventory } from './read-inventory.ts'
import { startCheckpoint } from './start-checkpoint.ts'

type Reach = 'catalog' | 'protectables' | 'now' | 'wake'

/** Starts one backup per resource of a vault; answers at once, the work is the jobs' (semantics 2, 6). */
export const createCheckpoint: UseCase<'CreateCheckpoint', Reach> = async (ports, caller, { body }) => {
  const { vault_id: vaultId, parameters = {} } = body.checkpoint
  const { projectId, requestId } = caller
  const days = retentionDays(parameters)
  const named = namedResources(parameters)
  const inventory = await readInventory(ports.protectables, projectId)
  const answer = await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, vaultId)
    checkTakesBackups(vault)
    const { chosen, skipped } = choose(pickResources(await records.resources.of([vault.id]), named), inventory)
    checkAnyChosen(chosen, skipped, named === undefined)
    const checkpoint = await startCheckpoint(records, vault, {
      chosen,
      skipped,
      name: parameters.name,
      description: parameters.description,
      autoTrigger: parameters.auto_trigger ?? false,
      incremental: () => parameters.incremental ?? true,
      retentionDays: days,
      at: ports.now(),
      requestId,
    })
    const backups = await records.backups.within({ projectId, checkpointId: checkpoint.id })
    const resources = await records.resources.of([vault.id])
    return asCheckpoint(checkpoint, { backups, resources })
  })
  ports.wake()
  return { checkpoint: answer }
}

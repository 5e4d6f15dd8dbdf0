import { asGb } from '../../contract/sizes.ts'
import type { UseCase } from '../use-case.ts'
import { allVaults } from './all-vaults.ts'

/** Capacity and use of all vaults of the project, both in GB. */
export const showSummary: UseCase<'ShowSummary', 'catalog'> = async (ports, caller) => {
  const vaults = await ports.catalog.read(records => allVaults(records, caller.projectId))
  return {
    size: vaults.reduce((sum, vault) => sum + vault.sizeGb, 0),
    used_size: asGb(vaults.reduce((sum, vault) => sum + vault.usedBytes, 0)),
  }
}

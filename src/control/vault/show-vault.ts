import type { UseCase } from '../use-case.ts'
import { ownVault } from './vault-rules.ts'
import { viewVault } from './vault-view.ts'

export const showVault: UseCase<'ShowVault', 'catalog'> = async (ports, caller, { path }) =>
  ports.catalog.read(async records => ({
    vault: await viewVault(records, await ownVault(records, caller.projectId, path.vault_id)),
  }))

import type { UseCase } from '../use-case.ts'

/** The vendor moves what its older backup services hold; there are none here, so that it is done (semantics 20). */
export const migrateDomain: UseCase<'MigrateDomain', 'settings'> = async ({ settings }) => ({
  [settings.region]: 'success',
})

import type { UseCase } from '../use-case.ts'

/** One region, and none to replicate to. */
export const showReplicationCapabilities: UseCase<'ShowReplicationCapabilities', 'settings'> = async ports => ({
  regions: [{ name: ports.settings.region, replication_destinations: [] }],
})

import type { UseCase } from '../use-case.ts'

/** This region, and where its replicas can go: none unless the operator has named any. */
export const showReplicationCapabilities: UseCase<
  'ShowReplicationCapabilities',
  'settings' | 'replicas'
> = async ports => ({
  regions: [{ name: ports.settings.region, replication_destinations: ports.replicas.regions }],
})

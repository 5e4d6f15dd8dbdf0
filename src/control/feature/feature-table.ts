import type { Settings } from '../../ports/ports.ts'
import type { Replicas } from '../../ports/replicas.ts'

/** What this installation can do, under the vendor's keys (semantics 16). */
export const featuresOf = (
  { region }: Settings,
  { regions }: Pick<Replicas, 'regions'>,
): Readonly<Record<string, unknown>> => ({
  'replication.enable': regions.length > 0,
  'replication.source_region': region,
  'replication.destination_regions': regions,
  'replication.destination_dgw_regions': [],
  'features.backup_double_az': false,
  'features.bccrack_enable': false,
})

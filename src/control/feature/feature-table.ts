import type { Settings } from '../../ports/ports.ts'

/** What this installation can do, under the vendor's keys (semantics 16). One region: nothing replicates to another. */
export const featuresOf = ({ region }: Settings): Readonly<Record<string, unknown>> => ({
  'replication.enable': false,
  'replication.source_region': region,
  'replication.destination_regions': [],
  'replication.destination_dgw_regions': [],
  'features.backup_double_az': false,
  'features.bccrack_enable': false,
})

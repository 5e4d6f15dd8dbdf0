/** What clients of volumes ask besides: kinds of storage, zones, limits. There is one kind, one zone, and no quota. */
import { decline } from '../contract/openstack-refusal.ts'
import { listVolumes } from '../control/volume/list-volumes.ts'
import { VOLUME_TYPE } from '../control/volume/volume-rules.ts'
import type { OpenStackRoute } from './openstack-door.ts'

/** Fixed, so that clients may keep it. */
const TYPE_ID = '5f1c9b1e-7a62-4b4e-9a53-0d8f2f6f7c10'

const type = {
  id: TYPE_ID,
  name: VOLUME_TYPE,
  description: 'a raw file in the data directory',
  is_public: true,
  'os-volume-type-access:is_public': true,
  extra_specs: {},
  qos_specs_id: null,
}

const UNLIMITED = -1

export const volumeTypeRoutes: readonly OpenStackRoute[] = [
  {
    method: 'GET',
    url: '/volume/v3/:project_id/types',
    operation: 'ListVolumeTypes',
    actions: ['evs:types:get'],
    status: 200,
    run: async () => ({ volume_types: [type] }),
  },
  {
    method: 'GET',
    url: '/volume/v3/:project_id/types/:id',
    operation: 'ShowVolumeType',
    actions: ['evs:types:get'],
    status: 200,
    async run(_ports, _caller, request) {
      const { id } = request.params as { readonly id: string }
      if (id !== TYPE_ID && id !== 'default') decline(404, `Volume type ${id} could not be found.`)
      return { volume_type: type }
    },
  },
  {
    method: 'GET',
    url: '/volume/v3/:project_id/os-availability-zone',
    operation: 'ListVolumeZones',
    actions: ['evs:volumes:list'],
    status: 200,
    run: async ({ settings }) => ({
      availabilityZoneInfo: [{ zoneName: settings.availabilityZone, zoneState: { available: true } }],
    }),
  },
  {
    method: 'GET',
    url: '/volume/v3/:project_id/limits',
    operation: 'ShowVolumeLimits',
    actions: ['evs:volumes:list'],
    status: 200,
    async run(ports, caller) {
      const { volumes } = await listVolumes(ports, caller, { limit: Number.MAX_SAFE_INTEGER, offset: 0 })
      const absolute = {
        maxTotalVolumes: UNLIMITED,
        maxTotalVolumeGigabytes: UNLIMITED,
        maxTotalSnapshots: 0,
        maxTotalBackups: 0,
        maxTotalBackupGigabytes: 0,
        totalVolumesUsed: volumes.length,
        totalGigabytesUsed: volumes.reduce((sum, volume) => sum + volume.size, 0),
        totalSnapshotsUsed: 0,
        totalBackupsUsed: 0,
        totalBackupGigabytesUsed: 0,
      }
      return { limits: { rate: [], absolute } }
    },
  },
]

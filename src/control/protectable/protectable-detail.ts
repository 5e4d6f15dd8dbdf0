/** `detail` and `children` of a protectable: the facts we know, in the shapes of Cinder and Nova (semantics 11). */

import { asGb } from '../../contract/sizes.ts'
import type { ProtectableDisk, ProtectableServer } from '../../ports/protectables.ts'

type Detail = Readonly<Record<string, unknown>>

/** Cinder: microseconds and no zone. */
const cinderTime = (at: Date): string => at.toISOString().replace('Z', '000')

/** Nova: whole seconds. */
const novaTime = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z')

export const diskDetail = (disk: ProtectableDisk): Detail => ({
  id: disk.id,
  name: disk.name,
  size: asGb(disk.sizeBytes),
  status: disk.status,
  availability_zone: disk.availabilityZone,
  bootable: String(disk.bootable),
  encrypted: disk.encrypted,
  multiattach: disk.shareable,
  shareable: disk.shareable,
  created_at: cinderTime(disk.createdAt),
  replication_status: 'disabled',
  metadata: disk.tags ?? {},
  attachments:
    disk.serverId === undefined
      ? []
      : [
          {
            id: disk.id,
            attachment_id: disk.id,
            volume_id: disk.id,
            server_id: disk.serverId,
            ...(disk.device !== undefined && { device: disk.device }),
          },
        ],
  'os-vol-tenant-attr:tenant_id': disk.projectId,
})

/** Nova's numbers for a server's power. */
const POWER_STATES: Readonly<Record<string, number>> = { ACTIVE: 1, SHUTOFF: 4 }
const VM_STATES: Readonly<Record<string, string>> = { ACTIVE: 'active', SHUTOFF: 'stopped' }

export const serverDetail = (server: ProtectableServer): Detail => ({
  id: server.id,
  name: server.name,
  status: server.status,
  tenant_id: server.projectId,
  created: novaTime(server.createdAt),
  'OS-EXT-AZ:availability_zone': server.availabilityZone,
  'OS-EXT-STS:power_state': POWER_STATES[server.status.toUpperCase()] ?? 0,
  'OS-EXT-STS:vm_state': VM_STATES[server.status.toUpperCase()] ?? server.status.toLowerCase(),
  ...(server.disks[0]?.device !== undefined && { 'OS-EXT-SRV-ATTR:root_device_name': server.disks[0].device }),
  metadata: server.tags ?? {},
  addresses: {},
  security_groups: [],
  'os-extended-volumes:volumes_attached': server.disks.map((disk, position) => ({
    id: disk.id,
    ...(disk.device !== undefined && { device: disk.device }),
    delete_on_termination: false,
    ...(position === 0 && { bootIndex: 0 }),
  })),
})

/** A server's disk, under the server. */
export const asChild = (disk: ProtectableDisk): Detail => ({
  id: disk.id,
  name: disk.name,
  type: 'OS::Cinder::Volume',
  size: asGb(disk.sizeBytes),
  status: disk.status,
  children: [],
  detail: diskDetail(disk),
})

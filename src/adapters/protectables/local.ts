import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { DiskRecord, ServerRecord } from '../../ports/catalog/disk.ts'
import type { ProtectableDisk, ProtectableServer, Protectables } from '../../ports/protectables.ts'

/** The embedded shape's servers and disks: rows of the catalog, where the configuration and volumes put them. */
export function localProtectables(catalog: Catalog): Protectables {
  const servers = (projectId: string): Promise<readonly ProtectableServer[]> =>
    catalog.read(async records => {
      const disks = await records.disks.ofProject(projectId)
      return (await records.servers.ofProject(projectId)).map(server => asServer(server, disks))
    })

  return {
    servers,
    disks: projectId => catalog.read(async ({ disks }) => (await disks.ofProject(projectId)).map(asDisk)),
    server: (projectId, id) =>
      catalog.read(async records => {
        const server = await records.servers.find(projectId, id)
        return server && asServer(server, await records.disks.ofProject(projectId))
      }),
    disk: (projectId, id) =>
      catalog.read(async ({ disks }) => {
        const disk = await disks.find(projectId, id)
        return disk && asDisk(disk)
      }),
  }
}

function asServer(server: ServerRecord, disks: readonly DiskRecord[]): ProtectableServer {
  const own = disks.filter(disk => disk.serverId === server.id)
  const { metadata, ...seen } = server
  return { ...seen, disks: own.toSorted(systemDiskFirst).map(asDisk), ...tagged(metadata) }
}

function systemDiskFirst(one: DiskRecord, other: DiskRecord): number {
  if (one.bootable !== other.bootable) return one.bootable ? -1 : 1
  // `/dev/vdb` comes before `/dev/vdaa`.
  const [device, otherDevice] = [one.device ?? '', other.device ?? '']
  return device.length - otherDevice.length || (device < otherDevice ? -1 : 1)
}

/** No disk of this machine is encrypted for a tenant, nor attached to several servers. */
function asDisk(disk: DiskRecord): ProtectableDisk {
  const { id, projectId, name, sizeBytes, status, bootable, serverId, device, availabilityZone, createdAt } = disk
  return {
    id,
    projectId,
    name,
    sizeBytes,
    status,
    bootable,
    encrypted: false,
    shareable: false,
    ...(serverId && { serverId }),
    ...(device && { device }),
    availabilityZone,
    createdAt,
    ...tagged(disk.metadata),
  }
}

const tagged = (metadata: DiskRecord['metadata'] = {}): Pick<ProtectableDisk, 'tags'> =>
  Object.keys(metadata).length > 0 ? { tags: metadata } : {}

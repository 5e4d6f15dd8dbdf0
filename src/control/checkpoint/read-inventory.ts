import type { Protectables } from '../../ports/protectables.ts'
import type { Inventory } from './checkpoint-rules.ts'

/** A project's servers and disks as they stand now. Network: never inside a transaction. */
export async function readInventory(protectables: Protectables, projectId: string): Promise<Inventory> {
  const [servers, disks] = await Promise.all([protectables.servers(projectId), protectables.disks(projectId)])
  return { servers: byId(servers), disks: byId(disks) }
}

const byId = <T extends { readonly id: string }>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map(one => [one.id, one]))

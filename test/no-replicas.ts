import { Fault } from '../src/ports/fault.ts'
import type { ReplicaDoor, Replicas } from '../src/ports/replicas.ts'

const unasked = () => Promise.reject(new Fault('unavailable', 'nothing is replicated in this test'))

/** A door that nobody opens. */
export const closedDoor: ReplicaDoor = {
  look: unasked,
  begin: unasked,
  missing: unasked,
  store: unasked,
  putDisk: unasked,
  finish: unasked,
  abandon: unasked,
}

/** As where the operator has named no destination. */
export const noReplicas: Replicas = { regions: [], own: closedDoor, peer: () => undefined }

/** As where the operator has named these regions; a vault of any id takes replicas there. */
export function replicasIn(...regions: readonly string[]): Replicas {
  const vault = { status: 'available', objectType: 'server', protectType: 'replication', freeBytes: 1 } as const
  const door = { ...closedDoor, look: async () => ({ vault, existing: [] }) }
  const vaults = async () => ({ vaults: [], count: 0 })
  return { ...noReplicas, regions, peer: region => ({ region, door, vaults, allows: () => true }) }
}

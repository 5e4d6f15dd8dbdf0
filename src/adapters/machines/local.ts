import { join } from 'node:path'
import type { Log } from '../../ports/log.ts'
import type { Machines } from '../../ports/machines.ts'
import type { AgentPatience } from './guest-agent.ts'
import { NobodyThere } from './lines.ts'
import { type MachineSockets, openMoment } from './open-moment.ts'
import { connectQmp, type QmpClient } from './qmp-client.ts'

export interface LocalMachines {
  /** By the server's id. */
  readonly sockets: ReadonlyMap<string, MachineSockets>
  /** Absolute; each machine gets a folder in it while it is read. */
  readonly folder: string
  readonly log: Log
  /** Bytes that must be free in the folder. */
  readonly leastFree?: number
  /** Milliseconds, for tests. */
  readonly patience?: { readonly monitor?: number; readonly agent?: AgentPatience }
}

/** Virtual machines of QEMU's on this machine, by their monitors. */
export function localMachines({ sockets, folder, log, leastFree, patience = {} }: LocalMachines): Machines {
  return {
    async openMoment(request) {
      const machine = sockets.get(request.serverId)
      if (machine === undefined) return undefined
      let qmp: QmpClient
      try {
        qmp = await connectQmp(machine.qmp, { ...(patience.monitor && { patience: patience.monitor }) })
      } catch (error) {
        if (error instanceof NobodyThere) return undefined
        throw error
      }
      const own = join(folder, request.serverId)
      return await openMoment({ qmp, machine, folder: own, log, leastFree, patience: patience.agent }, request.disks)
    },
  }
}

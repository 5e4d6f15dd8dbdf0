/**
 * A moment of a machine's disks. Its life, each step undone by `sweep` from wherever it ends: what an earlier process left
 * is removed; a view of each disk is made; the guest's file systems are brought to rest; one transaction begins all
 * backups and records; the guest goes on; the views are offered over NBD. The monitor stays ours until the end, so that
 * two moments of a machine never meet, in whatever processes.
 *
 * While it lasts, what the guest overwrites for the first time is copied into our folder first. Where that is full, the
 * guest's write would fail: before it comes to that, the moment is given up.
 */
import { Fault } from '../../ports/fault.ts'
import type { Log } from '../../ports/log.ts'
import type { Moment, WantedDisk } from '../../ports/machines.ts'
import { devicesOf, listOf } from './answers.ts'
import { findDevice } from './find-device.ts'
import { type AgentPatience, atRest } from './guest-agent.ts'
import { isOurs, names, recordSince } from './names.ts'
import type { QmpClient } from './qmp-client.ts'
import { makeRoom, type Room } from './room.ts'
import { sweep } from './sweep.ts'
import { checkThreads } from './threads.ts'
import { makeView, offer, type Plan, takeMoment } from './views.ts'

/** Absolute paths. The monitor's is for nobody else: it talks to one client at a time. */
export interface MachineSockets {
  readonly qmp: string
  readonly guestAgent?: string | undefined
}

export interface Machine {
  readonly qmp: QmpClient
  readonly machine: MachineSockets
  readonly folder: string
  readonly log: Log
  readonly patience?: AgentPatience | undefined
  /** Bytes that must be free in the folder, 256 MiB by default. */
  readonly leastFree?: number | undefined
}

const LEAST_FREE = 256 * 1024 * 1024
const LOOK_MS = 1000

/** Closes the monitor, now or with the moment. */
export async function openMoment(of: Machine, wanted: readonly WantedDisk[]): Promise<Moment> {
  const { qmp, machine, folder, log, leastFree = LEAST_FREE } = of
  let room: Room | undefined
  let plans: readonly Plan[] = []
  try {
    await sweep(qmp)
    await checkThreads(qmp)
    plans = await planned(qmp, wanted)
    room = await makeRoom(folder, machine.qmp, plans.length)
    if ((await room.free()) < leastFree) throw new Fault('full', `less than ${leastFree} bytes are free in ${folder}`)
    for (const plan of plans) await makeView(qmp, room, plan)
    let refused: Fault | undefined
    const guest = await atRest(machine.guestAgent, { log, patience: of.patience }, async () => {
      refused = (await takeMoment(qmp, plans)).refused
    })
    if (refused)
      log.warn({ err: refused }, 'the machine keeps no record of changes; the next backup will read everything')
    await offer(qmp, room, plans, refused === undefined)
    return begun({ ...of, plans, room, guest, recorded: refused === undefined })
  } catch (error) {
    await end({ ...of, plans, room }, false)
    throw error
  }
}

async function planned(qmp: QmpClient, wanted: readonly WantedDisk[]): Promise<readonly Plan[]> {
  const devices = await devicesOf(qmp)
  const plans: Plan[] = []
  for (const [place, { disk, backupId, baseId }] of wanted.entries()) {
    const device = await findDevice(devices, disk)
    // Of a run that was cut short: it may have begun at any time before.
    const own = names.record(backupId)
    if (device.bitmaps.some(({ name }) => name === own))
      await qmp.execute('block-dirty-bitmap-remove', { node: device.node, name: own })
    plans.push({ place, device, backupId, since: recordSince(baseId, device.bitmaps) })
  }
  return plans
}

interface Open extends Machine {
  readonly plans: readonly Plan[]
  readonly room: Room
  readonly guest: Moment['guest']
  readonly recorded: boolean
}

function begun(open: Open): Moment {
  const { qmp, plans, room, guest, recorded } = open
  const guard = watchSpace(open)
  let kept = false
  return {
    guest,
    locations: plans.map(({ place, backupId, since }) => ({
      path: `nbd+unix:///${names.export(place)}?socket=${encodeURIComponent(room.socket)}`,
      format: 'nbd',
      moment: { ...(recorded && since && { bitmap: names.changes(backupId) }) },
    })),
    async check() {
      const givenUp = guard.givenUp()
      if (givenUp) throw givenUp
      const jobs = listOf(await qmp.execute('query-jobs'), 'query-jobs')
      const running = (place: number) => jobs.some(job => job.id === names.job(place) && job.status === 'running')
      if (!plans.every(({ place }) => running(place)))
        throw new Fault('changed', 'somebody ended our job in the machine: what was read is of no one moment', {
          permanent: false,
        })
    },
    keep() {
      kept = true
    },
    async [Symbol.asyncDispose]() {
      await guard.stop()
      await end(open, kept)
    },
  }
}

/** Looks every second whether there is room for more, and ends everything when there is not. */
function watchSpace({ qmp, room, log, leastFree = LEAST_FREE }: Open) {
  let givenUp: Fault | undefined
  const look = async () => {
    try {
      if (givenUp || (await room.free()) >= leastFree) return
      givenUp = new Fault('full', 'no space was left for what the guest overwrites during its backup')
      log.error({ err: givenUp }, 'a backup is given up, so that its machine can go on writing')
      await sweep(qmp)
    } catch (error) {
      log.warn({ err: error }, 'the space for what a guest overwrites could not be watched')
    }
  }
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(look)
  }, LOOK_MS)
  return {
    givenUp: () => givenUp,
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

/** Never rejects. Records that are of no use any more go: older ones once the new backups are committed, else the new ones. */
async function end(
  { qmp, plans, room, log }: Omit<Open, 'guest' | 'recorded' | 'room'> & { room: Room | undefined },
  kept: boolean,
) {
  try {
    await using _closed = qmp
    await sweep(qmp)
    const devices = await devicesOf(qmp)
    for (const { device, backupId } of plans) {
      const current = names.record(backupId)
      const bitmaps = devices.find(({ node }) => node === device.node)?.bitmaps.map(({ name }) => name) ?? []
      for (const name of bitmaps.filter(name => isOurs(name) && (name === current) !== kept))
        await qmp.execute('block-dirty-bitmap-remove', { node: device.node, name })
    }
    await room?.remove()
  } catch (error) {
    log.warn({ err: error }, 'a machine could not be left as it was; the next backup of it will see to that')
  }
}

/** What shows each disk's moment: an empty image on top of the disk's node, into which QEMU saves what the guest overwrites. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../ports/fault.ts'
import { type Device, listOf } from './answers.ts'
import { names } from './names.ts'
import { type QmpClient, QmpRefused } from './qmp-client.ts'
import type { Room } from './room.ts'

/** One disk of a moment. */
export interface Plan {
  readonly place: number
  readonly device: Device
  readonly backupId: string
  /** Name and granularity of the record since the base, where it is sound. */
  readonly since: { readonly name: string; readonly granularity: number } | undefined
}

const LOOK_MS = 5
const MAKE_MS = 15_000

export async function makeView(qmp: QmpClient, room: Room, { place, device }: Plan): Promise<void> {
  const file = names.file(place)
  const job = names.job(place)
  await qmp.execute('blockdev-add', { driver: 'file', 'node-name': file, filename: room.file(place) })
  const options = { driver: 'qcow2', file, size: device.sizeBytes }
  await qmp.execute('blockdev-create', { 'job-id': job, options })
  await concluded(qmp, job)
  await qmp.execute('blockdev-add', { driver: 'qcow2', 'node-name': names.view(place), file, backing: device.node })
}

async function concluded(qmp: QmpClient, id: string): Promise<void> {
  for (let waited = 0; waited < MAKE_MS; waited += LOOK_MS) {
    const job = listOf(await qmp.execute('query-jobs'), 'query-jobs').find(job => job.id === id)
    if (job?.status === 'concluded') {
      await qmp.execute('job-dismiss', { id })
      if (typeof job.error === 'string') throw new QmpRefused('blockdev-create', job.error)
      return
    }
    await sleep(LOOK_MS)
  }
  throw new Fault('unavailable', 'the machine does not make an image for what its guest overwrites')
}

/**
 * The moment itself. All disks stand still from the first action on each until the last action of all, so that it is one
 * moment for all of them, and the records begin and end exactly there. Answers whether records are kept: a machine that
 * cannot keep them is backed up all the same.
 */
export async function takeMoment(qmp: QmpClient, plans: readonly Plan[]): Promise<{ readonly refused?: QmpRefused }> {
  const backups = plans.map(({ place, device }) => ({
    type: 'blockdev-backup',
    data: {
      'job-id': names.job(place),
      device: device.node,
      target: names.view(place),
      sync: 'none',
      'filter-node-name': names.filter(place),
    },
  }))
  try {
    await qmp.execute('transaction', { actions: [...backups, ...plans.flatMap(recordActions)] })
    return {}
  } catch (error) {
    if (!(error instanceof QmpRefused)) throw error
    await qmp.execute('transaction', { actions: backups })
    return { refused: error }
  }
}

/** A copy of the old record for the reader, and a new record; the old one goes on until the new backup is committed. */
function recordActions({ device: { node, lasting }, backupId, since }: Plan): readonly object[] {
  const copy = names.changes(backupId)
  return [
    ...(since
      ? [
          add({ node, name: copy, granularity: since.granularity, disabled: true }),
          { type: 'block-dirty-bitmap-merge', data: { node, target: copy, bitmaps: [since.name] } },
        ]
      : []),
    add({ node, name: names.record(backupId), persistent: lasting }),
  ]
}

const add = (data: object): object => ({ type: 'block-dirty-bitmap-add', data })

/** `copies`: whether there is a copy of the record to be told. */
export async function offer(qmp: QmpClient, room: Room, plans: readonly Plan[], copies: boolean): Promise<void> {
  try {
    await qmp.execute('nbd-server-start', { addr: { type: 'unix', data: { path: room.socket } } })
  } catch (error) {
    if (error instanceof QmpRefused && /already running/.test(error.message))
      throw new Fault('conflict', "the machine's NBD server is in use by somebody else", { cause: error })
    throw error
  }
  for (const { place, backupId, since } of plans)
    await qmp.execute('block-export-add', {
      type: 'nbd',
      id: names.export(place),
      'node-name': names.view(place),
      name: names.export(place),
      ...(copies && since && { bitmaps: [names.changes(backupId)] }),
    })
}

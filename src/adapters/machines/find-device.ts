import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { DiskLocation } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import { systemCode } from '../../ports/system-fault.ts'
import type { Device } from './answers.ts'

/** They pass through what is below them; the guest's writes go to them first. */
const filters = ['throttle', 'copy-on-read']
/** On top of a disk for as long as a job lasts: somebody else's backup, mirror or commit. */
const jobFilters = ['copy-before-write', 'mirror_top', 'commit_top']

/**
 * The machine's device whose topmost image is that disk. Fault `conflict` where there is none: the machine may write to
 * another file on top of it by now, so that the file alone would be an old state.
 */
export async function findDevice(devices: readonly Device[], disk: DiskLocation): Promise<Device> {
  for (const device of devices) {
    if (!(await isSame(device.file, disk))) continue
    const { driver } = device
    if (jobFilters.includes(driver))
      throw new Fault('conflict', `another job of the machine is at work on ${disk.path} (${driver})`)
    if (driver !== disk.format && !filters.includes(driver))
      throw new Fault('conflict', `${disk.path} is configured as ${disk.format}; its machine uses it as ${driver}`)
    return device
  }
  const files = devices.map(({ file }) => file).join(', ')
  throw new Fault(
    'conflict',
    `the machine runs, and ${disk.path} is none of the disks it writes to (${files || 'none'})`,
  )
}

async function isSame(file: string, { path, format }: DiskLocation): Promise<boolean> {
  if (file === path) return true
  if (format === 'nbd' || !isAbsolute(file)) return false
  const [one, other] = [await identity(file), await identity(path)]
  return one !== undefined && one === other
}

async function identity(path: string): Promise<string | undefined> {
  try {
    const seen = await stat(path)
    return seen.isBlockDevice() ? `device ${seen.rdev}` : `file ${seen.dev} ${seen.ino}`
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

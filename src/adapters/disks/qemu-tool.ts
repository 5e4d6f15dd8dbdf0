/** QEMU's programs, as children that know nothing of our environment. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Fault } from '../../ports/fault.ts'

const run = promisify(execFile)

/** Nothing of ours: it may hold secrets. */
export const childEnvironment = (): Record<string, string> => ({ PATH: process.env.PATH ?? '', LC_ALL: 'C' })

export const notInstalled = (program: string): Fault =>
  new Fault('missing', `${program} is not installed (package qemu-utils): only raw disks and NBD exports can be used`)

/** What the program printed. `may` are exit codes that are an answer too; any other is a Fault by `qemuFault`. */
export async function qemuImg(args: readonly string[], patience: number, may: readonly number[] = []): Promise<string> {
  try {
    const options = { env: childEnvironment(), timeout: patience, maxBuffer: 16 * 1024 * 1024 }
    return (await run('qemu-img', args, options)).stdout
  } catch (error) {
    const { code, stdout, stderr, killed } = error as Error & {
      readonly code?: number | string
      readonly stdout?: string
      readonly stderr?: string
      readonly killed?: boolean
    }
    if (code === 'ENOENT') throw notInstalled('qemu-img')
    if (killed) throw new Fault('unavailable', `qemu-img ${args[0]} took longer than ${patience / 1000} s`)
    if (typeof code !== 'number') throw error
    if (may.includes(code)) return stdout ?? ''
    throw qemuFault(stderr ?? '')
  }
}

/** QEMU's complaint about an image, as a Fault: its own last words without what it was told to open. */
export function qemuFault(complaint: string): Fault {
  const lines = complaint.trim().split('\n')
  const words = lines.map(line => line.replace(/^qemu-(img|nbd): /, '').replace(/^.*'json:.*?}'?: /, '')).join('; ')
  const text = words.slice(0, 500) || 'QEMU cannot open it'
  if (/Failed to get .*lock/.test(complaint))
    return new Fault('conflict', `a virtual machine, or another process, has it open (${text})`)
  if (/No space left/.test(complaint)) return new Fault('full', text)
  if (/Permission denied|read-only/i.test(complaint)) return new Fault('denied', text)
  if (/No such file/.test(complaint)) return new Fault('missing', text)
  return new Fault('corrupt', text)
}

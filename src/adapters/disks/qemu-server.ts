/**
 * A `qemu-nbd` for one image, which lives as long as this process wants it and no longer. A shell stands between: it
 * reads from a pipe that only we hold, and the kernel closes it however we end; then it ends QEMU and removes the socket.
 * (QEMU by itself would wait for a first connection for ever.)
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../ports/fault.ts'
import { systemCode } from '../../ports/system-fault.ts'
import { connectNbd, type NbdClient } from './nbd-client.ts'
import { diskContexts } from './nbd-disk.ts'
import { identityOf } from './open-disk.ts'
import { childEnvironment, notInstalled, qemuFault } from './qemu-tool.ts'

/** Arguments: the folder to remove in the end, then what to run. Prints the process id of what it runs. */
const KEEPER = `
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & server=$!
echo $server
{ read -r _ <&3; kill $server; } 2>/dev/null & watch=$!
exec 3<&- >&-
wait $server; status=$?
kill $watch 2>/dev/null
rm -rf -- "$folder"
exit $status`

const START_MS = 20_000
const STOP_MS = 10_000
const LONGEST_COMPLAINT = 4096

export interface ImageServer extends AsyncDisposable {
  readonly client: NbdClient
  /** Of every file and block device that QEMU has open, as `identityOf` tells them; undefined where nobody can tell. */
  openFiles(): Promise<readonly string[] | undefined>
}

/** `image` is what QEMU's `json:` takes. Faults as `qemuFault` has them; `missing` without QEMU. */
export async function serveImage(image: object, mode: 'read' | 'write'): Promise<ImageServer> {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-qemu-'))
  const socket = join(folder, 'nbd')
  const command = ['qemu-nbd', `--socket=${socket}`, '--aio=threads', ...(mode === 'read' ? ['--read-only'] : [])]
  const child = spawn('/bin/sh', ['-c', KEEPER, 'sh', folder, ...command, `json:${JSON.stringify(image)}`], {
    env: childEnvironment(),
    stdio: 'pipe',
    detached: true, // a Ctrl-C is meant for us
  })
  let [printed, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, LONGEST_COMPLAINT)
  })
  child.stdin.on('error', () => child.stdin.destroy()) // the shell has ended before us
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()).once('error', () => resolve()))
  const stop = async () => {
    child.stdin.end()
    const late = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), STOP_MS)
    await ended
    clearTimeout(late)
  }
  try {
    const client = await firstConnection(socket, () => child.exitCode === null)
    return {
      client,
      openFiles: () => openFiles(printed.trim()),
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    await rm(folder, { recursive: true, force: true })
    if (/not found/.test(complaint)) throw notInstalled('qemu-nbd')
    throw complaint === '' ? error : qemuFault(complaint)
  }
}

/** Tries until the socket is there; rejects when QEMU ends instead. */
async function firstConnection(socket: string, lives: () => boolean): Promise<NbdClient> {
  for (const deadline = Date.now() + START_MS; lives(); ) {
    try {
      return await connectNbd({ at: { path: socket }, exportName: '' }, { contexts: diskContexts })
    } catch (error) {
      const soon = error instanceof Fault && ['ENOENT', 'ECONNREFUSED'].includes(systemCode(error.cause) ?? '')
      if (!soon || Date.now() > deadline) throw error
      await sleep(5)
    }
  }
  throw new Fault('unreadable', 'qemu-nbd ended without a word')
}

async function openFiles(pid: string): Promise<readonly string[] | undefined> {
  if (process.platform !== 'linux') return undefined
  const folder = `/proc/${pid}/fd`
  const seen = await Promise.all((await readdir(folder)).map(name => stat(join(folder, name)).catch(ignoreGone)))
  return seen.filter(stats => stats?.isFile() || stats?.isBlockDevice()).map(stats => (stats ? identityOf(stats) : ''))
}

/** Closed since it was listed. */
function ignoreGone(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT') return undefined
  throw error
}

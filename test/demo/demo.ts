/**
 * The main job from end to end (docs/design.md, section 3): back a server up, share the backup with another project
 * without copying a byte, and make something of it there. Exit code 1 when anything is not as it should be.
 *
 *   npm run demo [-- --keep]      --keep leaves the folder with the disks, the store and the configuration
 */
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Mismatch } from './demo-client.ts'
import { makeDisks } from './demo-disks.ts'
import { openScreen, size } from './demo-screen.ts'
import { startService } from './demo-service.ts'
import { tell } from './demo-story.ts'

const neededBytes = 2.5 * 1024 ** 3
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const screen = openScreen(process.stdout)
const begun = performance.now()

process.exitCode = await demo().catch((error: unknown) => {
  const text = error instanceof Mismatch ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`\nThe demo failed: ${text}\n`)
  return 1
})

async function demo(): Promise<number> {
  const { bavail, bsize } = await statfs(tmpdir())
  if (bavail * bsize < neededBytes)
    throw new Mismatch(`${tmpdir()} has ${size(bavail * bsize)} free; the demo needs ${size(neededBytes)} (set TMPDIR)`)
  await using cleaning = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-demo-'))
  cleaning.defer(() => clean(folder))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cleaning.disposeAsync().finally(() => process.exit(130)))

  screen.step('A server of two disks')
  const disks = await makeDisks(folder)
  if (!disks.ext4) screen.say('mkfs.ext4 and debugfs are not here: the system disk has generated data, no file system')
  const service = await startService(folder, disks)
  cleaning.defer(async () => {
    await service.stop()
  })
  try {
    await tell({ screen, service, disks, folder })
  } catch (error) {
    if (cleaning.disposed) return 130
    process.stderr.write(`\nWhat the service said last:\n${service.said()}\n`)
    throw error
  }
  const code = await service.stop()
  if (code !== 0) throw new Mismatch(`the service ended with ${code} on SIGTERM`)
  screen.say(`the service ended cleanly; everything took ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  return 0
}

async function clean(folder: string): Promise<void> {
  if (values.keep) screen.say(`kept: ${folder} (opencbr serve --config ${join(folder, 'opencbr.yaml')})`)
  else await rm(folder, { recursive: true, force: true })
}

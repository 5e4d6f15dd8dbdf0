/** `opencbr backup export`, `import` and `verify`: the bytes of disks, out, in, and looked at. */
import { type Command, Option } from 'commander'
import type { Cbr } from '../client/cbr.ts'
import { type DiskFormat, type Downloaded, downloadDisk, type Tell } from '../client/download.ts'
import { ClientFailure } from '../client/failures.ts'
import { until } from '../client/follow.ts'
import { formatOf } from '../client/image-format.ts'
import { backUpImport, digestOfFile, uploadImage } from '../client/upload.ts'
import { type ImportFormat, importFormats, type Verification } from '../contract/opencbr-api.ts'
import { showBackup } from './backup.ts'
import { oneBackup, oneDisk, vaultId } from './find.ts'
import { openProgress } from './progress.ts'
import { detailed, listed, type Shown, said, size } from './shown.ts'
import { percent } from './values.ts'
import { verb } from './verb.ts'
import { waitForCheckpoint } from './wait.ts'

interface ExportOptions {
  readonly format: DiskFormat
  readonly disk?: string
  readonly force: boolean
}

interface ImportOptions {
  readonly vault: string
  readonly name?: string
  readonly description?: string
  readonly format?: ImportFormat
  readonly resume?: string
  readonly wait: boolean
}

interface VerifyOptions {
  readonly sample: number
  readonly wait: boolean
}

export function addDiskImageCommands(backup: Command): void {
  verb(backup, 'export <backup> <file>', 'write a disk to a file, held against its digest', exportDisk)
    .addOption(new Option('--format <format>', 'of the file').choices(['raw', 'qcow2']).default('raw'))
    .option('--disk <disk>', "which disk of a server's backup")
    .option('--force', 'replace the file', false)
  verb(backup, 'import <file>', 'make a backup of a disk image: raw, qcow2, VMDK, VHDX or VHD', importImage)
    .requiredOption('--vault <vault>', 'a vault for disks')
    .option('--name <name>', "of the backup; without it the file's")
    .option('--description <text>', 'what it is')
    .addOption(new Option('--format <format>', 'of the file; without it, what its bytes say').choices(importFormats))
    .option('--resume <import>', 'go on with an import that broke off')
    .option('--wait', 'until the backup is there; 1 unless all went well', false)
  verb(backup, 'verify <backup>', 'have the stored bytes read back and checked', verifyBackup)
    .option('--sample <percent>', 'so much of the chunks, picked at random; 0: only where they are', percent, 100)
    .option('--no-wait', 'only begin it')
}

async function exportDisk(cbr: Cbr, given: string, file: string, options: ExportOptions): Promise<Shown> {
  const { id, digest } = await oneDisk(cbr, given, options.disk)
  const from = `/opencbr/v1/{project_id}/backups/${id}/disk`
  return downloaded(cbr, { from, file, digest, format: options.format, replace: options.force })
}

/** With a bar, and what came of it. */
export async function downloaded(cbr: Cbr, wanted: Parameters<typeof downloadDisk>[1]): Promise<Shown> {
  using progress = openProgress()
  const tell: Tell = (phase, bytes, of) => progress.tell(bytes / of, `${phase} ${size(bytes)} of ${size(of)}`)
  return shownFile(await downloadDisk(cbr, wanted, tell), wanted.digest)
}

const shownFile = (got: Downloaded, wanted: string | undefined): Shown =>
  detailed(got, {
    file: got.file,
    format: got.format,
    disk: size(got.sizeBytes),
    digest: `${got.digest} (${wanted === undefined ? 'the backup has none to compare' : "the backup's"})`,
  })

async function importImage(cbr: Cbr, path: string, options: ImportOptions): Promise<Shown> {
  const vault = await vaultId(cbr, options.vault)
  const format = options.format ?? (await formatOf(path))
  const name = options.name ?? nameFrom(path)
  const { id } = await sent(cbr, { path, format, name, resume: options.resume })
  const { description } = options
  const order = { vault_id: vault, name, ...(description !== undefined && { description }) }
  const { backup_id: backup, checkpoint_id: checkpoint } = await backUpImport(cbr, id, order)
  if (!options.wait)
    return said(`the backup ${backup} is being taken: opencbr checkpoint show ${checkpoint}`, {
      backup_id: backup,
      checkpoint_id: checkpoint,
    })
  await waitForCheckpoint(cbr, { checkpoint, vault })
  const taken = await oneBackup(cbr, backup)
  if (format === 'raw') await compare(path, taken.digest)
  return showBackup(taken)
}

/** A raw image is the disk, so that both have one digest; of the others, the service knows best what is in them. */
async function compare(path: string, digest: string | undefined): Promise<void> {
  using progress = openProgress()
  const own = await digestOfFile(path, (bytes, of) =>
    progress.tell(bytes / of, `compared ${size(bytes)} of ${size(of)}`),
  )
  if (own === digest) return
  throw new ClientFailure(`the backup is not what ${path} holds now: was it sent in parts, and changed in between?`)
}

async function sent(cbr: Cbr, image: Parameters<typeof uploadImage>[1]) {
  using progress = openProgress()
  return uploadImage(cbr, image, ({ id, received_bytes: bytes, size_bytes: of }) =>
    progress.tell(bytes / of, `sent ${size(bytes)} of ${size(of)}, import ${id}`),
  )
}

/** `disks/db 01.raw` is called `db-01.raw`, since backups have no other characters in their names. */
const nameFrom = (path: string): string =>
  path
    .replace(/.*\//, '')
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, 64)

async function verifyBackup(cbr: Cbr, given: string, { sample, wait }: VerifyOptions): Promise<Shown> {
  const backup = await oneBackup(cbr, given)
  const path = `/opencbr/v1/{project_id}/backups/${backup.id}/verify`
  const { job_id: id } = await cbr.ask<{ job_id: string }>('POST', path, { part: sample / 100 })
  if (!wait) return said(`the verification has begun: opencbr task show ${id} --wait`, { task_id: id })
  const verification = await verified(cbr, id)
  const { status, checked_chunks: checked = 0, chunks = 0, problems = [], error_info: error } = verification
  const disks = [backup, ...(backup.children ?? [])].filter(({ digest }) => digest !== undefined)
  if (status !== 'success')
    throw new ClientFailure(
      [
        `the backup ${backup.id} is not as it was written: ${error.message}`,
        ...problems.map(({ what, chunk = '', pack = '' }) => `chunk ${chunk} in pack ${pack}: ${what}`),
      ].join('; '),
      { next: 'tell the operator, who runs opencbr store check' },
    )
  const digests = listed(disks, { disk: disk => disk.id, of: disk => disk.resource_name, digest: disk => disk.digest })
  return {
    value: {
      verification,
      disks: disks.map(({ id: disk, resource_name, digest }) => ({ id: disk, resource_name, digest })),
    },
    text: `${checked} of ${chunks} chunks read back, all as they were written\n\n${digests.text}`,
  }
}

async function verified(cbr: Cbr, id: string): Promise<Verification> {
  using progress = openProgress()
  return until(async () => {
    const path = `/opencbr/v1/{project_id}/verifications/${id}`
    const { verification } = await cbr.ask<{ verification: Verification }>('GET', path)
    progress.tell(verification.progress / 100, 'read back')
    return ['waiting', 'running'].includes(verification.status) ? undefined : verification
  })
}

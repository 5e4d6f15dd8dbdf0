/** Whole images: what machines boot from, made of a server's backup without copying a byte. */
import type { Command } from 'commander'
import { type Cbr, everyPage, had, searchOf } from '../client/cbr.ts'
import { ClientFailure } from '../client/failures.ts'
import { until } from '../client/follow.ts'
import { isUuid } from '../contract/ids.ts'
import { downloaded } from './disk-image.ts'
import { backupId, oneBackup, oneOf } from './find.ts'
import { detailed, listed, moment, type Shown, said, size } from './shown.ts'
import { noun, verb } from './verb.ts'

/** Of Glance's many fields, those that are shown. */
interface Image {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly size: number
  readonly min_disk: number
  readonly created_at: string
  readonly __backup_id: string
}

interface ImageJob {
  readonly status: 'INIT' | 'RUNNING' | 'SUCCESS' | 'FAIL'
  readonly fail_reason: string | null
  readonly error_code: string | null
  readonly entities: { readonly image_id?: string }
}

const IMAGES = '/image/v2/images'

export function addImageCommands(program: Command): void {
  const image = noun(program, 'image', 'whole images of server backups')
  verb(image, 'list', 'the images of the project', async cbr => listed(await allImages(cbr), columns))
  verb(image, 'show <image>', 'one image', async (cbr, given: string) => shown(await oneImage(cbr, given)))
  verb(image, 'create <backup>', 'make an image of a server backup, also of a shared one', createImage)
    .requiredOption('--name <name>', 'its name')
    .option('--description <text>', 'what it is')
  verb(image, 'delete <image>', 'delete an image; the backup stays', async (cbr, given: string) => {
    const { id } = await oneImage(cbr, given)
    await cbr.ask('DELETE', `${IMAGES}/${id}`)
    return said(`the image ${id} is gone`, { id })
  })
  verb(
    image,
    'download <image> <file>',
    'write its system disk to a raw file, held against its digest',
    downloadImage,
  ).option('--force', 'replace the file', false)
}

const allImages = (cbr: Cbr): Promise<readonly Image[]> =>
  everyPage(async page => (await cbr.ask<{ images: readonly Image[] }>('GET', IMAGES + searchOf(page))).images)

async function oneImage(cbr: Cbr, given: string): Promise<Image> {
  const id = isUuid(given) ? given : oneOf('image', given, await allImages(cbr)).id
  return cbr.ask('GET', `${IMAGES}/${id}`)
}

const columns = {
  id: (image: Image) => image.id,
  name: (image: Image) => image.name,
  status: (image: Image) => image.status,
  size: (image: Image) => size(image.size),
  backup: (image: Image) => image.__backup_id,
  created: (image: Image) => moment(image.created_at),
}

const shown = (image: Image): Shown =>
  detailed(image, {
    id: image.id,
    name: image.name,
    status: image.status,
    size: size(image.size),
    'smallest disk': `${image.min_disk} GB`,
    backup: image.__backup_id,
    created: moment(image.created_at),
  })

/** It is there in a moment, whatever its size. */
async function createImage(
  cbr: Cbr,
  given: string,
  { name, description }: { readonly name: string; readonly description?: string },
): Promise<Shown> {
  const order = { name, description, backup_id: await backupId(cbr, given), whole_image_type: 'CBR' }
  const { job_id: id } = await cbr.ask<{ job_id: string }>('POST', '/image/v1/cloudimages/wholeimages/action', order)
  const job = await until(async () => {
    const now = await cbr.ask<ImageJob>('GET', `/image/v1/{project_id}/jobs/${id}`)
    return ['SUCCESS', 'FAIL'].includes(now.status) ? now : undefined
  })
  if (job.status === 'FAIL')
    throw new ClientFailure(`the image could not be made: ${job.error_code} ${job.fail_reason}`)
  return shown(await oneImage(cbr, had(job.entities.image_id, 'an image')))
}

async function downloadImage(cbr: Cbr, given: string, file: string, { force }: { readonly force: boolean }) {
  const { id, __backup_id: backup } = await oneImage(cbr, given)
  const { children = [] } = await oneBackup(cbr, backup)
  const digest = children.find(disk => disk.extend_info.system_disk === true)?.digest
  return downloaded(cbr, { from: `${IMAGES}/${id}/file`, file, format: 'raw', digest, replace: force })
}

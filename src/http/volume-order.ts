import { isUuid } from '../contract/ids.ts'
import { decline } from '../contract/openstack-refusal.ts'
import type { VolumeOrder } from '../control/volume/create-volume.ts'
import { LARGEST_GB } from '../control/volume/volume-rules.ts'
import type { SourceChoice } from '../control/volume/volume-source.ts'
import { type Complain, type Fields, jsonOf, objectOf, textOf } from './openstack-body.ts'

/** Characters of a text. */
export const LONGEST = 255

const bad: Complain = message => decline(400, `Invalid input received: ${message}`)

/** `{"volume": {...}}` of Cinder's create call. Fields this service knows nothing of are ignored. */
export function orderFrom(body: unknown): VolumeOrder {
  const fields = objectOf(objectOf(jsonOf(body, bad), 'the body', bad).volume, 'volume', bad)
  const sizeGb = sizeFrom(fields.size)
  const availabilityZone = textOf(fields, 'availability_zone', LONGEST, bad)
  const volumeType = textOf(fields, 'volume_type', LONGEST, bad)
  return {
    name: textOf(fields, 'name', LONGEST, bad) ?? '',
    description: textOf(fields, 'description', LONGEST, bad) ?? '',
    ...(sizeGb !== undefined && { sizeGb }),
    source: sourceFrom(fields),
    ...(availabilityZone !== undefined && { availabilityZone }),
    ...(volumeType !== undefined && { volumeType }),
    metadata: metadataFrom(fields.metadata ?? {}),
  }
}

/** A number, or digits, as Cinder takes both. */
function sizeFrom(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const size = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > LARGEST_GB) {
    bad(`size must be a whole number of GB from 1 to ${LARGEST_GB}`)
  }
  return size
}

function sourceFrom(fields: Fields): SourceChoice {
  const named = ['backup_id', 'imageRef', 'snapshot_id', 'source_volid'].flatMap(name => {
    const id = textOf(fields, name, LONGEST, bad)
    return id === undefined ? [] : [{ name, id: id.toLowerCase() }]
  })
  const [source, other] = named
  if (source === undefined) return { from: 'nothing' }
  if (other) bad(`a volume is made of one thing, not of ${source.name} and ${other.name}`)
  if (!isUuid(source.id)) bad(`${source.name} must be a UUID`)
  if (source.name === 'backup_id') return { from: 'backup', backupId: source.id }
  if (source.name === 'imageRef') return { from: 'image', imageId: source.id }
  bad(`volumes are made of backups and images here, not of ${source.name}`)
}

export function metadataFrom(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(value, 'metadata', bad))
  for (const [key, text] of entries) {
    if (typeof text !== 'string' || text.length > LONGEST || key.length > LONGEST || key === '') {
      bad(`metadata must hold texts of at most ${LONGEST} characters`)
    }
  }
  return Object.fromEntries(entries) as Record<string, string>
}

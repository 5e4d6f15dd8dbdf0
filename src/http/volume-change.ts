import { decline } from '../contract/openstack-refusal.ts'
import type { VolumeChange } from '../control/volume/update-volume.ts'
import { type Complain, jsonOf, objectOf, textOf } from './openstack-body.ts'
import { LONGEST, metadataFrom } from './volume-order.ts'

const bad: Complain = message => decline(400, `Invalid input received: ${message}`)

/** `{"volume": {...}}` of Cinder's update call: what is absent stays, an empty or null text is emptied. */
export function changeFrom(body: unknown): VolumeChange {
  const fields = objectOf(objectOf(jsonOf(body, bad), 'the body', bad).volume, 'volume', bad)
  const { name, description, metadata, ...others } = fields
  for (const other of Object.keys(others)) bad(`${other} of a volume cannot be changed`)
  return {
    ...(name !== undefined && { name: textOf(fields, 'name', LONGEST, bad) ?? '' }),
    ...(description !== undefined && { description: textOf(fields, 'description', LONGEST, bad) ?? '' }),
    ...(metadata !== undefined && { metadata: metadataFrom(metadata) }),
  }
}

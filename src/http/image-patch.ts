import { decline } from '../contract/openstack-refusal.ts'
import type { ImageChange } from '../control/image/update-image.ts'
import { type Complain, type Fields, jsonOf, objectOf, textOf, textsOf } from './openstack-body.ts'

const LONGEST_NAME = 255
const MOST_TAGS = 128

const bad: Complain = message => decline(400, message)

/** Glance's JSON patch: a list of `{ op, path, value }`. An image's name and tags can be replaced, nothing else. */
export function changeFrom(body: unknown): ImageChange {
  const steps = jsonOf(body, bad)
  if (!Array.isArray(steps)) bad('Request body must be a JSON array of operation objects.')
  return Object.assign({}, ...steps.map((step: unknown) => changeOf(objectOf(step, 'an operation', bad))))
}

function changeOf(step: Fields): ImageChange {
  if (step.op !== 'replace' && step.op !== 'add') bad(`Operation ${JSON.stringify(step.op)} cannot be done.`)
  const value = { value: step.value }
  if (step.path === '/name') return { name: textOf(value, 'value', LONGEST_NAME, bad) ?? '' }
  if (step.path === '/tags') return { tags: textsOf(value, 'value', MOST_TAGS, bad) }
  decline(403, `Attribute ${JSON.stringify(step.path)} is read-only.`)
}

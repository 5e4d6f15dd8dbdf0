/** The vendor's own image calls: registering a whole image, and following the job (semantics 7). Errors are CBR's. */
import type { FastifyInstance } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { isUuid } from '../contract/ids.ts'
import { type ImageOrder, registerImage } from '../control/image/register-image.ts'
import { showImageJob } from '../control/image/show-image-job.ts'
import type { Ports } from '../ports/ports.ts'
import { type Complain, type Fields, jsonOf, objectOf, textOf, textsOf } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'
import { Unserved } from './render.ts'

const LONGEST_NAME = 128
const LONGEST_DESCRIPTION = 1024
const MOST_TAGS = 10

export const imageActionRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: '/image/v1/cloudimages/wholeimages/action',
    operation: 'CreateWholeImage',
    actions: ['ims:wholeImages:create', 'cbr:backups:get'],
    status: 200,
    run: (given, caller, { body }) => registerImage(given, caller, orderFrom(objectOf(jsonOf(body, bad), 'body', bad))),
  },
  {
    method: 'GET',
    url: '/image/v1/:project_id/jobs/:job_id',
    operation: 'ShowImageJob',
    actions: ['ims:images:get'],
    status: 200,
    async run(given, caller, request) {
      const { job_id: jobId } = request.params as { readonly job_id: string }
      const job = isUuid(jobId) ? await showImageJob(given, caller, jobId) : undefined
      if (job === undefined) throw new Unserved(404, `there is no image job ${jobId}`)
      return job
    },
  },
]

const bad: Complain = problem => refuse('9900', { problem })

function orderFrom(fields: Fields): ImageOrder {
  const name = textOf(fields, 'name', LONGEST_NAME, bad)?.trim() ?? ''
  if (name === '') bad('name is missing')
  const type = textOf(fields, 'whole_image_type', LONGEST_NAME, bad) ?? 'CBR'
  if (type !== 'CBR') bad(`whole_image_type must be CBR, not ${type}`)
  const backupId = textOf(fields, 'backup_id', LONGEST_NAME, bad)?.toLowerCase() ?? ''
  if (!isUuid(backupId)) bad('backup_id must be the UUID of a backup')
  return {
    name,
    backupId,
    description: textOf(fields, 'description', LONGEST_DESCRIPTION, bad) ?? '',
    tags: textsOf(fields, 'tags', MOST_TAGS, bad),
  }
}

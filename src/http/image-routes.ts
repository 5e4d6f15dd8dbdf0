/** Images as Glance v2 serves them: what was registered is looked at, downloaded, renamed and deleted here. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isUuid } from '../contract/ids.ts'
import { decline } from '../contract/openstack-refusal.ts'
import { deleteImage } from '../control/image/delete-image.ts'
import { noImage } from '../control/image/image-view.ts'
import { listImages } from '../control/image/list-images.ts'
import { openImageFile } from '../control/image/open-image-file.ts'
import { showImage } from '../control/image/show-image.ts'
import { updateImage } from '../control/image/update-image.ts'
import type { ProjectCaller } from '../control/use-case.ts'
import type { Ports } from '../ports/ports.ts'
import { changeFrom } from './image-patch.ts'
import { rangeOf } from './image-range.ts'
import { queryNumber, queryText, queryTexts } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes, plainAnswer } from './openstack-door.ts'
import { isOurs } from './render.ts'
import { rootOf } from './version-routes.ts'

/** Glance's own. */
const PAGE = 25
const LARGEST_PAGE = 1000

export function imageRoutes(app: FastifyInstance, ports: Ports, publicUrl: string | undefined): void {
  app.setErrorHandler(renderGlance)
  const versions = (request: FastifyRequest) => ({
    versions: [
      { id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${rootOf(request, publicUrl)}/image/v2/` }] },
    ],
  })
  app.get('/image', async (request, reply) => reply.code(300).send(versions(request)))
  app.get('/image/versions', async request => versions(request))
  openStackRoutes(app, ports, routes)
}

const routes: readonly OpenStackRoute[] = [
  {
    method: 'GET',
    url: '/image/v2/images',
    operation: 'ListImages',
    actions: ['ims:images:list'],
    status: 200,
    run: list,
  },
  {
    method: 'GET',
    url: '/image/v2/images/:id',
    operation: 'ShowImage',
    actions: ['ims:images:get'],
    status: 200,
    run: (ports, caller, request) => showImage(ports, caller, idOf(request)),
  },
  {
    method: 'GET',
    url: '/image/v2/images/:id/file',
    operation: 'DownloadImage',
    actions: ['ims:images:download'],
    status: 200,
    run: download,
  },
  {
    method: 'PATCH',
    url: '/image/v2/images/:id',
    operation: 'UpdateImage',
    actions: ['ims:images:update'],
    status: 200,
    run: (ports, caller, request) => updateImage(ports, caller, idOf(request), changeFrom(request.body)),
  },
  {
    method: 'DELETE',
    url: '/image/v2/images/:id',
    operation: 'DeleteImage',
    actions: ['ims:images:delete'],
    status: 204,
    run: (ports, caller, request) => deleteImage(ports, caller, idOf(request)),
  },
]

function idOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string }
  return isUuid(id) ? id : decline(404, noImage(id))
}

async function list(ports: Ports, caller: ProjectCaller, { query }: FastifyRequest) {
  const limit = Math.min(queryNumber(query, 'limit', PAGE, bad), LARGEST_PAGE)
  const marker = queryText(query, 'marker', bad)
  const filters = ['name', 'status', 'owner', 'visibility'].map(name => [name, queryText(query, name, bad)] as const)
  const given = Object.fromEntries(filters.filter(([, value]) => value !== undefined))
  const tags = queryTexts(query, 'tag', bad)
  const page = { limit: Math.max(limit, 1), offset: 0, ...(marker !== undefined && { after: marker }) }
  const images = limit === 0 ? [] : await listImages(ports, caller, { ...given, tags }, page)
  const last = images.length === limit ? images.at(-1) : undefined
  const at = (more: Readonly<Record<string, string>>) => {
    const search = new URLSearchParams({ ...given, limit: String(limit), ...more })
    for (const tag of tags) search.append('tag', tag)
    return `/v2/images?${search}`
  }
  return { images, first: at({}), ...(last && { next: at({ marker: last.id }) }), schema: '/v2/schemas/images' }
}

/** The system disk, in order, at the speed the client takes it. */
async function download(
  ports: Ports,
  caller: ProjectCaller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const file = await openImageFile(ports, caller, idOf(request))
  if (file === undefined) return reply.code(204).send()
  const { from, to, partial } = rangeOf(request.headers.range, file.sizeBytes)
  reply
    .header('accept-ranges', 'bytes')
    .header('content-length', to - from)
    .type('application/octet-stream')
  if (partial) reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${file.sizeBytes}`)
  return reply.send(Readable.from(file.stream(from, to), { objectMode: false }))
}

const bad = (message: string): never => decline(400, message)

/** Glance answers errors as small HTML pages; a missing credential is refused before it, as JSON. */
function renderGlance(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = plainAnswer(error)
  if (status >= 500 && isOurs({ status, message, code: '' })) request.log.error({ err: error }, 'the request failed')
  reply.code(status)
  if (status === 401) {
    reply.header('www-authenticate', 'Keystone uri="/identity/v3"')
    return reply.send({ error: { code: 401, title: 'Unauthorized', message } })
  }
  const title = `${status} ${titles[status] ?? 'Error'}`
  const page = `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${escaped(message)}<br /><br />\n </body>\n</html>\n`
  return reply.type('text/html; charset=UTF-8').send(page)
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  416: 'Requested Range Not Satisfiable',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

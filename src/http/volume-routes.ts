/** Volumes as Cinder v3 serves them: what was backed up becomes a disk again here. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUuid } from '../contract/ids.ts'
import { decline } from '../contract/openstack-refusal.ts'
import type { ProjectCaller } from '../control/use-case.ts'
import { createVolume } from '../control/volume/create-volume.ts'
import { deleteVolume } from '../control/volume/delete-volume.ts'
import { listVolumes } from '../control/volume/list-volumes.ts'
import { showVolume } from '../control/volume/show-volume.ts'
import { updateVolume } from '../control/volume/update-volume.ts'
import { noVolume } from '../control/volume/volume-rules.ts'
import type { Volume } from '../control/volume/volume-view.ts'
import type { Ports } from '../ports/ports.ts'
import { queryNumber, queryText } from './openstack-body.ts'
import { need, type OpenStackRoute, openStackRoutes } from './openstack-door.ts'
import { rootOf } from './version-routes.ts'
import { changeFrom } from './volume-change.ts'
import { renderCinder } from './volume-errors.ts'
import { metadataAsked } from './volume-filter.ts'
import { orderFrom } from './volume-order.ts'
import { volumeTypeRoutes } from './volume-type-routes.ts'

const LARGEST_PAGE = 1000
/** The microversion whose volumes can be made of backups is the newest there is here. */
const MICROVERSION = '3.47'

export function volumeRoutes(app: FastifyInstance, ports: Ports, publicUrl: string | undefined): void {
  app.setErrorHandler(renderCinder)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('openstack-api-version', `volume ${MICROVERSION}`).header('vary', 'OpenStack-API-Version')
  })
  const versions = (request: FastifyRequest) => ({
    versions: [
      {
        id: 'v3.0',
        status: 'CURRENT',
        version: MICROVERSION,
        min_version: '3.0',
        updated: '2018-07-17T00:00:00Z',
        links: [{ rel: 'self', href: `${rootOf(request, publicUrl)}/volume/v3/` }],
      },
    ],
  })
  app.get('/volume', async (request, reply) => reply.code(300).send(versions(request)))
  app.get('/volume/v3', async request => versions(request))
  openStackRoutes(app, ports, [...routesOf(publicUrl), ...volumeTypeRoutes])
}

const routesOf = (publicUrl: string | undefined): readonly OpenStackRoute[] => [
  {
    method: 'GET',
    url: '/volume/v3/:project_id/volumes',
    operation: 'ListVolumes',
    actions: ['evs:volumes:list'],
    status: 200,
    async run(ports, caller, request) {
      const page = await listed(ports, caller, request, publicUrl)
      const volumes = page.volumes.map(({ id, name, links }) => ({ id, name, links }))
      return { ...page, volumes }
    },
  },
  {
    method: 'GET',
    url: '/volume/v3/:project_id/volumes/detail',
    operation: 'ListVolumes',
    actions: ['evs:volumes:list'],
    status: 200,
    run: (ports, caller, request) => listed(ports, caller, request, publicUrl),
  },
  {
    method: 'GET',
    url: '/volume/v3/:project_id/volumes/:id',
    operation: 'ShowVolume',
    actions: ['evs:volumes:get'],
    status: 200,
    async run(ports, caller, request) {
      return { volume: linked(await showVolume(ports, caller, idOf(request)), request, publicUrl) }
    },
  },
  {
    method: 'POST',
    url: '/volume/v3/:project_id/volumes',
    operation: 'CreateVolume',
    actions: ['evs:volumes:create'],
    status: 202,
    async run(ports, caller, request) {
      const order = orderFrom(request.body)
      if (order.source.from === 'backup') need(caller, ['cbr:backups:get'])
      if (order.source.from === 'image') need(caller, ['ims:images:get'])
      return { volume: linked(await createVolume(ports, caller, order), request, publicUrl) }
    },
  },
  {
    method: 'PUT',
    url: '/volume/v3/:project_id/volumes/:id',
    operation: 'UpdateVolume',
    actions: ['evs:volumes:update'],
    status: 200,
    async run(ports, caller, request) {
      const volume = await updateVolume(ports, caller, idOf(request), changeFrom(request.body))
      return { volume: linked(volume, request, publicUrl) }
    },
  },
  {
    method: 'DELETE',
    url: '/volume/v3/:project_id/volumes/:id',
    operation: 'DeleteVolume',
    actions: ['evs:volumes:delete'],
    status: 202,
    run: (ports, caller, request) =>
      deleteVolume(ports, caller, { id: idOf(request), cascade: flagOf(request, 'cascade') }),
  },
]

function idOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string }
  return isUuid(id) ? id : decline(404, noVolume(id))
}

/** As Cinder reads it: absent is false. */
function flagOf({ query }: FastifyRequest, name: string): boolean {
  const text = queryText(query, name, bad)?.toLowerCase() ?? 'false'
  return text === 'true' || (text === 'false' ? false : bad(`${name} must be true or false, not ${text}`))
}

async function listed(ports: Ports, caller: ProjectCaller, request: FastifyRequest, publicUrl: string | undefined) {
  const { query } = request
  const limit = Math.min(queryNumber(query, 'limit', LARGEST_PAGE, bad), LARGEST_PAGE)
  const filters = ['name', 'status', 'metadata', 'marker'].map(name => [name, queryText(query, name, bad)] as const)
  const given = Object.fromEntries(filters.filter(([, value]) => value !== undefined))
  const offset = queryNumber(query, 'offset', 0, bad)
  const metadata = metadataAsked(given.metadata ?? '{}')
  const { volumes, more } = await listVolumes(ports, caller, { ...given, metadata, limit, offset })
  const last = more ? volumes.at(-1) : undefined
  const path = request.url.split('?', 1)[0] ?? ''
  const search = new URLSearchParams({ ...given, limit: String(limit), marker: last?.id ?? '' })
  const next = { rel: 'next', href: `${rootOf(request, publicUrl)}${path}?${search}` }
  return {
    volumes: volumes.map(volume => linked(volume, request, publicUrl)),
    ...(last && { volumes_links: [next] }),
  }
}

const bad = (message: string): never => decline(400, message)

/** `self` where it was asked, `bookmark` for good. */
function linked(volume: Volume, request: FastifyRequest, publicUrl: string | undefined) {
  const root = `${rootOf(request, publicUrl)}/volume`
  const path = `${volume['os-vol-tenant-attr:tenant_id']}/volumes/${volume.id}`
  return {
    ...volume,
    links: [
      { rel: 'self', href: `${root}/v3/${path}` },
      { rel: 'bookmark', href: `${root}/${path}` },
    ],
  }
}

import { createHash } from 'node:crypto'

/** The services on this port, as Keystone's catalog has them: what a client of OpenStack's looks up after signing in. */
export interface CatalogService {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly endpoints: readonly CatalogEndpoint[]
}

interface CatalogEndpoint {
  readonly id: string
  readonly interface: string
  readonly region: string
  readonly region_id: string
  readonly url: string
}

/** Without a project, services whose path needs one are left out, as Keystone does. The image URL has no version. */
const services = [
  { type: 'identity', name: 'keystone', path: '/identity/v3' },
  { type: 'cbr', name: 'opencbr', path: '/v3/{project_id}' },
  { type: 'image', name: 'glance', path: '/image' },
  { type: 'volumev3', name: 'cinderv3', path: '/volume/v3/{project_id}' },
  { type: 'block-storage', name: 'cinder', path: '/volume/v3/{project_id}' },
] as const

export function catalogOf(root: string, region: string, projectId: string | undefined): readonly CatalogService[] {
  return services
    .filter(({ path }) => projectId !== undefined || !path.includes('{'))
    .map(({ type, name, path }) => ({
      id: idOf(type),
      type,
      name,
      endpoints: ['public', 'internal', 'admin'].map(kind => ({
        id: idOf(`${type} ${kind} ${region}`),
        interface: kind,
        region,
        region_id: region,
        url: root + path.replace('{project_id}', projectId ?? ''),
      })),
    }))
}

/** 32 hex digits, the same at every start. */
function idOf(name: string): string {
  return createHash('sha256').update(`opencbr catalog ${name}`).digest('hex').slice(0, 32)
}

import type { ProjectRecord } from '../ports/identity.ts'
import type { DomainRecord, Grant, UserRecord } from '../ports/identity-service.ts'
import type { CatalogService } from './identity-catalog.ts'

/** Keystone's bodies. `root` is where the service is reached, without a path. */

/** Absent `catalog`: left out, as with `?nocatalog` and in tokens without scope. */
export function tokenView(grant: Grant, catalog: readonly CatalogService[] | undefined): object {
  const { user, scope, roles, methods } = grant
  return {
    token: {
      methods,
      user: { id: user.id, name: user.name, domain: domainName(user.domain), password_expires_at: null },
      audit_ids: grant.auditIds,
      issued_at: keystoneTime(grant.issuedAt),
      expires_at: keystoneTime(grant.expiresAt),
      ...(scope.kind === 'project' && {
        project: {
          id: scope.project.id,
          name: scope.project.name,
          domain: { id: scope.project.domainId, name: scope.project.domainName },
        },
        is_domain: false,
      }),
      ...(scope.kind === 'domain' && { domain: domainName(scope.domain) }),
      ...(scope.kind !== 'none' && { roles }),
      ...(scope.kind !== 'none' && catalog && { catalog }),
    },
  }
}

export function projectView(project: ProjectRecord, root: string): object {
  return {
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    parent_id: project.domainId,
    description: project.description,
    enabled: project.enabled,
    is_domain: false,
    options: {},
    tags: [],
    links: { self: `${root}/identity/v3/projects/${project.id}` },
  }
}

export function domainView(domain: DomainRecord, root: string): object {
  return {
    ...domainName(domain),
    description: '',
    enabled: true,
    options: {},
    tags: [],
    links: { self: `${root}/identity/v3/domains/${domain.id}` },
  }
}

export function userView(user: UserRecord, root: string): object {
  return {
    id: user.id,
    name: user.name,
    domain_id: user.domain.id,
    enabled: user.enabled,
    password_expires_at: null,
    options: {},
    links: { self: `${root}/identity/v3/users/${user.id}` },
  }
}

/** A list under its plural name. There is one page always. */
export function listView(name: string, rows: readonly object[], self: string): object {
  return { [name]: rows, links: { next: null, self, previous: null } }
}

export function versionView(root: string): object {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${root}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  }
}

function domainName({ id, name }: DomainRecord): DomainRecord {
  return { id, name }
}

/** Keystone writes microseconds. */
function keystoneTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z')
}

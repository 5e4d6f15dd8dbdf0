/** `s3://BUCKET?endpoint=URL&region=NAME&pathStyle=true&prefix=FOLDER`: where chunks lie in an S3-compatible store. */
import { nearest } from './config-rules.ts'

export interface S3Address {
  readonly bucket: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly pathStyle: boolean
  readonly prefix: string
}

const parameters = ['endpoint', 'region', 'pathStyle', 'prefix']
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const prefixForm = /^(?!\.{1,2}(\/|$))[a-z0-9._-]{1,64}(\/(?!\.{1,2}(\/|$))[a-z0-9._-]{1,64}){0,3}$/

/** The address, and all that is wrong with it; with problems it is worth nothing. */
export function readS3Address(url: string): { readonly address: S3Address; readonly problems: readonly string[] } {
  const parsed = URL.parse(url)
  const asked = parsed?.searchParams ?? new URLSearchParams()
  const address = {
    bucket: parsed?.hostname ?? '',
    endpoint: asked.get('endpoint')?.replace(/\/+$/, ''),
    region: asked.get('region') ?? 'us-east-1',
    pathStyle: asked.get('pathStyle') === 'true',
    prefix: asked.get('prefix')?.replace(/^\/+|\/+$/g, '') ?? '',
  }
  const { bucket, endpoint, region, prefix } = address
  const problems: string[] = []
  const must = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem)
  }
  must(
    bucketName.test(bucket) && parsed?.port === '',
    `must name a bucket, as in s3://BUCKET?endpoint=..., not '${bucket}'`,
  )
  must(
    !parsed?.username && !parsed?.password,
    'holds a secret: give it as chunkStore.accessKey and chunkStore.secretKey',
  )
  must(['', '/'].includes(parsed?.pathname ?? ''), "must have no path: folders in the bucket are named by 'prefix'")
  must(
    endpoint === undefined || /^https?:\/\/[^/@\s?#]+$/.test(endpoint),
    'endpoint must be an http:// or https:// URL without a path',
  )
  must(/^[a-z0-9-]{1,64}$/.test(region), `region must be lower-case letters, digits and dashes, not '${region}'`)
  must(['true', 'false', null].includes(asked.get('pathStyle')), 'pathStyle must be true or false')
  must(
    prefix === '' || prefixForm.test(prefix),
    `prefix must be lower-case letters, digits, dots and dashes, not '${prefix}'`,
  )
  for (const name of new Set(asked.keys())) {
    if (!parameters.includes(name))
      problems.push(`there is no parameter '${name}'; the nearest is '${nearest(name, parameters)}'`)
  }
  return { address, problems }
}

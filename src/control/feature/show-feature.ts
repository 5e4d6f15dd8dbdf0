import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { featuresOf } from './feature-table.ts'

/** One key with its value; an unknown key is 9900. */
export const showFeature: UseCase<'ShowFeature', 'settings' | 'replicas'> = async (
  ports,
  _caller,
  { path: { feature_key: key } },
) => {
  const features = featuresOf(ports.settings, ports.replicas)
  if (!Object.hasOwn(features, key)) refuse('9900', { feature_key: key, known: Object.keys(features) })
  return { [key]: features[key] }
}

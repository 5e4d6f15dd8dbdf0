/** The vendor's Python SDK, signing with a person's access key; every call goes through its own request classes. */
import { type Bridge, openBridge } from './python-bridge.ts'
import type { Account, Stage } from './stage.ts'
import { pythonBinary } from './tools.ts'

/** Bodies are built of the SDK's model classes, so that a field it does not know is an error here. */
const PROGRAM = `
import importlib, re
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcbr.v1 import CbrClient
model = importlib.import_module('huaweicloudsdkcbr.v1.model')
credentials = BasicCredentials(settings['ak'], settings['sk'], settings['projectId'])
client = CbrClient.new_builder().with_credentials(credentials).with_endpoint(settings['url']).build()

def built(kind, value):
    if kind.startswith('list['):
        return [built(kind[5:-1], each) for each in value]
    of = getattr(model, kind, None)
    if of is None or not isinstance(value, dict):
        return value
    named = {wire: name for name, wire in of.attribute_map.items()}
    return of(**{named[wire]: built(of.openapi_types[named[wire]], each) for wire, each in value.items()})

def call(name, wanted):
    method = re.sub('(?<!^)(?=[A-Z])', '_', name).lower()
    answer = getattr(client, method)(built(name + 'Request', wanted))
    answer.to_dict()
    return answer.to_json_object()

def refusal(error):
    if isinstance(error, ServiceResponseException):
        return {'status': error.status_code, 'code': error.error_code, 'message': error.error_msg}
`

/** `call('ShowVault', { vault_id })`: the operations by the contract's names, the request's fields by the SDK's. */
export const openVendorSdk = (stage: Stage, { ak, sk, projectId }: Account): Promise<Bridge> =>
  openBridge({
    python: pythonBinary('vendor', 'python'),
    program: PROGRAM,
    settings: { url: stage.url, ak, sk, projectId },
    folder: stage.folder,
  })

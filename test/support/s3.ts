import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface S3Server {
  url: string
  /** by bucket/key */
  objects: Map<string, { bytes: Buffer; at: Date }>
  /** what was refused, in its own words */
  refusals: string[]
  stop(): Promise<void>
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
const encode = (text: string) => encodeURIComponent(text).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

/** An object store that believes nothing: it computes every signature and every checksum itself, from Amazon's description and without our code. */
export async function startS3({ bucket, accessKeyId, secret, region, pageSize = 3 }: { bucket: string; accessKeyId: string; secret: string; region: string; pageSize?: number }): Promise<S3Server> {
  const objects: S3Server['objects'] = new Map()
  const refusals: string[] = []

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer(request, Buffer.concat(chunks), response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }

  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    refusals,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://s3')
    const fault = faultOf(request, url, body)
    if (fault) {
      refusals.push(fault)
      const status = fault === 'BadDigest' || fault === 'XAmzContentSHA256Mismatch' ? 400 : 403
      return void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${fault}</Code></Error>`)
    }
    const [, inBucket, ...rest] = url.pathname.split('/')
    const key = rest.join('/')
    if (inBucket !== bucket) return void response.writeHead(404).end('<Error><Code>NoSuchBucket</Code></Error>')
    const stored = objects.get(key)
    if (request.method === 'GET' && key === '') return list(url, response)
    const source = request.headers['x-amz-copy-source']
    if (request.method === 'PUT' && source !== undefined) return copy(String(source), key, response)
    if (request.method === 'PUT') {
      objects.set(key, { bytes: body, at: new Date() })
      return void response.writeHead(200, { etag: `"${sha256(body).slice(0, 32)}"` }).end()
    }
    if (request.method === 'DELETE') {
      objects.delete(key)
      return void response.writeHead(204).end()
    }
    if (!stored) return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>')
    give(request, stored.bytes, response)
  }

  function copy(source: string, key: string, response: ServerResponse): void {
    const stored = objects.get(source.replace(`/${bucket}/`, ''))
    if (!stored) return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>')
    // As S3 does: the status is out before it knows how it will end.
    response.writeHead(200, { 'content-type': 'application/xml' })
    if (key.includes('broken-off')) return void response.end('<?xml version="1.0"?><Error><Code>InternalError</Code></Error>')
    objects.set(key, { bytes: stored.bytes, at: new Date() })
    response.end(`<?xml version="1.0"?><CopyObjectResult><ETag>&quot;${sha256(stored.bytes).slice(0, 32)}&quot;</ETag></CopyObjectResult>`)
  }

  function give(request: IncomingMessage, bytes: Buffer, response: ServerResponse): void {
    const etag = `"${sha256(bytes).slice(0, 32)}"`
    if (request.headers['if-match'] && request.headers['if-match'] !== etag) return void response.writeHead(412).end()
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (!range) return void response.writeHead(200, { etag }).end(bytes)
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)]
    if (from > to) return void response.writeHead(416).end()
    response.writeHead(206, { etag, 'content-range': `bytes ${from}-${to}/${bytes.length}` }).end(bytes.subarray(from, to + 1))
  }

  function list(url: URL, response: ServerResponse): void {
    const after = url.searchParams.get('continuation-token') ?? ''
    const keys = [...objects.keys()].toSorted().filter((each) => each > after)
    const page = keys.slice(0, pageSize)
    const more = keys.length > page.length ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '<IsTruncated>false</IsTruncated>'
    const contents = page.map((key) => `<Contents><Key>${key}</Key><LastModified>${objects.get(key)?.at.toISOString()}</LastModified><Size>${objects.get(key)?.bytes.length}</Size></Contents>`)
    response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><ListBucketResult>${more}${contents.join('')}</ListBucketResult>`)
  }

  function faultOf({ method, headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
    const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
    if (!match) return 'AccessDenied'
    const [, id, day = '', inRegion, names = '', signature] = match
    if (id !== accessKeyId) return 'InvalidAccessKeyId'
    if (inRegion !== region) return 'AuthorizationHeaderMalformed'
    const at = String(headers['x-amz-date'])
    const signed = names.split(';')
    // Whatever says what the request means must be part of what was signed.
    for (const needed of ['host', ...Object.keys(headers).filter((each) => each.startsWith('x-amz-'))]) if (!signed.includes(needed)) return 'AccessDenied'
    const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (!at.startsWith(day) || !(Math.abs(time - Date.now()) < 15 * 60_000)) return 'RequestTimeTooSkewed'
    const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).toSorted().join('&')
    const payload = String(headers['x-amz-content-sha256'])
    const canonical = [method, decodeURIComponent(url.pathname).split('/').map(encode).join('/'), query, ...signed.map((name) => `${name}:${String(headers[name]).trim()}`), '', names, payload].join('\n')
    const scope = `${day}/${region}/s3/aws4_request`
    const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request')
    if (hmac(key, ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')).toString('hex') !== signature) return 'SignatureDoesNotMatch'
    if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) return 'XAmzContentSHA256Mismatch'
    const stored = headers['x-amz-checksum-sha256']
    return stored !== undefined && stored !== createHash('sha256').update(body).digest('base64') ? 'BadDigest' : undefined
  }
}

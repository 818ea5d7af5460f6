import { get } from 'node:http'

/** Exit code 0 when the server in this container is ready, 1 when it is not or does not answer. */
const port = process.env.PORT ?? '3000'
const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 4_000 }, (response) => process.exit(response.statusCode === 200 ? 0 : 1))
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))

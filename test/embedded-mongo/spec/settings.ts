import { fileURLToPath } from 'node:url'

/**
 * What the environment may say about these suites; nothing else here reads it.
 * `uri`: a MongoDB deployment to run against instead of the embedded store.
 * `data`: the folder that holds `transactions/` and `crud/`; it lies beside the checkout because the files are MongoDB's, not ours.
 */
export const settings = Object.freeze({
  uri: process.env.MONGODB_URI || undefined,
  data: process.env.MONGODB_SPEC_DIR || fileURLToPath(new URL('../../../../shared/mongodb-spec', import.meta.url)),
})

export * from '../../../channel-runtime/src/contract/typescript/core.ts'
export { Chat } from '../types/chat.ts'

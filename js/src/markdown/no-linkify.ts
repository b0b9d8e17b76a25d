/**
 * Stands in for linkify-it in the built script: markdown-it makes one of these, and with `linkify: false` never asks it
 * for anything. Addresses that stand in a text by themselves are found in `shape.ts`.
 */
export class LinkifyIt {}

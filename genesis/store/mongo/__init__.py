"""The MongoDB engine: Cosmos DB for MongoDB (RU and vCore) and any other MongoDB, through pymongo."""

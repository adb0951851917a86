redis-server --port "$1" --save "" --appendonly no > redis.log 2>&1 &
export REDIS_PORT="$1"
python send.py && exec taskiq worker tasks:broker --workers 1 --max-async-tasks 1

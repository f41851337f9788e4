"""OrderBell (订单铃): order notifications for shops that sell digital goods."""

"""The typed view: which tag wins, what is no value, and whose clock it was."""

from __future__ import annotations

import pytest

from firstlight.fingerprint.metadata.clock import parse_offset, parse_stamp
from firstlight.fingerprint.metadata.tag import Tag
from firstlight.fingerprint.metadata.typed import typed_view
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Place


def view(*tags):
    return typed_view([Tag(*tag) for tag in tags], "test", "1", Bounds())


SERIALS = [
    ("EXIF", "ExifIFD", "SerialNumber", "E1234"),
    ("MakerNotes", "Canon", "SerialNumber", "M1234"),
    ("XMP", "XMP-aux", "SerialNumber", "X1234"),
    ("MakerNotes", "Panasonic", "InternalSerialNumber", "I1234"),
]


@pytest.mark.parametrize("first", range(4))
def test_serials_have_an_order_of_preference(first):
    assert view(*reversed(SERIALS[first:])).body_serial == SERIALS[first][3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "0",
        "00000000",
        "unknown",
        "Unknown (0)",
        "................",
        "----",
        "\x00\x00",
        "ffffffff",
        "XXXXXXXX",
        "N/A",
        "none",
        "4294967295",
        "?",
        "0123456789",
        "(binary, 9 bytes)",
    ],
)
def test_a_placeholder_is_no_serial(text):
    assert view(("EXIF", "ExifIFD", "SerialNumber", text), SERIALS[1]).body_serial == "M1234"
    assert view(("EXIF", "ExifIFD", "SerialNumber", text)).body_serial is None


@pytest.mark.parametrize("text", ["1479", "631", "FL0001234", "6021 0012", "a0"])
def test_short_and_odd_serials_are_serials(text):
    assert view(("EXIF", "ExifIFD", "SerialNumber", text)).body_serial == text


@pytest.mark.parametrize(
    "name",
    ["LensSerialNumber", "FlashSerialNumber", "SerialNumberFormat", "BatterySerialNumber"],
)
def test_the_serial_of_something_else_is_not_the_bodys(name):
    assert view(("MakerNotes", "Nikon", name, "S9876")).body_serial is None


def test_texts_are_cleaned():
    found = view(("EXIF", "IFD0", "Make", " Canon\x00\x00 "), ("EXIF", "IFD0", "Model", "A\nB"))
    assert (found.maker, found.model) == ("Canon", "A B")
    assert found.tags == (("EXIF:Make", " Canon"), ("EXIF:Model", "A\nB"))


def test_the_thumbnails_directory_does_not_speak_for_the_picture():
    assert view(("EXIF", "IFD1", "Make", "Thumb")).maker is None


def test_a_colour_profile_does_not_speak_for_the_picture():
    found = view(
        ("ICC_Profile", "ICC-header", "Make", "Profiles Inc"),
        ("ICC_Profile", "ICC_Profile", "Software", "Profiler"),
    )
    assert (found.maker, found.software) == (None, None)


def test_owner_is_the_camera_owner_then_author_then_rights():
    owner = ("EXIF", "ExifIFD", "OwnerName", "Ada Owner-Smith")
    artist = ("EXIF", "IFD0", "Artist", "Bo Artist")
    rights = ("EXIF", "IFD0", "Copyright", "Copyright Cy Holder")
    assert view(rights, artist, owner).owner == "Ada Owner-Smith"
    assert view(rights, artist).owner == "Bo Artist"
    assert view(rights).owner == "Copyright Cy Holder"


@pytest.mark.parametrize(
    "text",
    ["COPYRIGHT, 2005", "KODAK DC240 ZOOM DIGITAL CAMERA", "(C) by DC240 User", "Owner Name", "©"],
)
def test_what_a_camera_writes_by_itself_is_no_owner(text):
    camera = [("EXIF", "IFD0", "Make", "KODAK"), ("EXIF", "IFD0", "Model", "KODAK DC240")]
    assert view(*camera, ("EXIF", "IFD0", "Copyright", text)).owner is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("54e8b2b5539347478841864f8be0dcc5", True),
        ("F0BAAA2A-49B5-44BB-AB7B-FBB6E1D380CD", True),
        ("Z13QSJC01SM", False),
        ("00000000000000000000000000000000", False),
        ("00000000000000000000000000000111", False),
    ],
)
def test_only_a_random_number_is_unique(text, is_one):
    found = view(("EXIF", "ExifIFD", "ImageUniqueID", text))
    assert found.image_unique_id == (text if is_one else None)


@pytest.mark.parametrize(
    ("text", "local", "offset"),
    [
        ("2008:10:22 16:28:39", "2008-10-22T16:28:39", None),
        ("2008-10-22T16:28:39.50Z", "2008-10-22T16:28:39.500", "+00:00"),
        ("2008:10:22 16:28:39-05:00", "2008-10-22T16:28:39", "-05:00"),
        ("2008:10:22 16:28", "2008-10-22T16:28:00", None),
        ("2016:06:23", "2016-06-23", None),
        ("2016:06:31 10:00:00", None, None),
        ("0000:00:00 00:00:00", None, None),
        ("2016:06:23 25:00:00", None, None),
        ("2016:06:23 10:00:61", None, None),
        ("yesterday", None, None),
        ("", None, None),
        ("٢٠١٦:06:23 10:00:00", None, None),
        ("2016:06:23 10:00:00+25:00", "2016-06-23T10:00:00", None),
    ],
)
def test_times(text, local, offset):
    assert parse_stamp(text) == (local, offset)


@pytest.mark.parametrize(
    ("text", "offset"),
    [("+02:00", "+02:00"), ("-0930", "-09:30"), ("Z", "+00:00"), ("+15:00", None), ("", None)],
)
def test_offsets(text, offset):
    assert parse_offset(text) == offset


def test_the_modify_date_is_the_cameras_where_it_equals_the_capture():
    captured = ("EXIF", "ExifIFD", "DateTimeOriginal", "2020:01:02 03:04:05")
    same = view(captured, ("EXIF", "IFD0", "ModifyDate", "2020:01:02 03:04:05"))
    later = view(captured, ("EXIF", "IFD0", "ModifyDate", "2021:01:02 03:04:05"))
    assert [clock.clock for clock in same.clocks] == ["camera", "camera"]
    assert [clock.clock for clock in later.clocks] == ["camera", "software"]


def test_a_time_that_does_not_parse_is_kept_as_found():
    (clock,) = view(("EXIF", "ExifIFD", "DateTimeOriginal", "2020:99:99 aa")).clocks
    assert (clock.text, clock.local, clock.offset) == ("2020:99:99 aa", None, None)


def test_an_unset_clock_is_no_time():
    assert view(("EXIF", "ExifIFD", "DateTimeOriginal", "0000:00:00 00:00:00")).clocks == ()
    assert view(("EXIF", "ExifIFD", "DateTimeOriginal", "    :  :     :  :  ")).clocks == ()


def test_quicktime_claims_no_zone_unless_its_writer_keeps_the_standard():
    created = ("QuickTime", "QuickTime", "CreateDate", "2020:01:02 03:04:05")
    (unknown,) = view(created).clocks
    assert unknown.offset is None
    android = view(created, ("QuickTime", "Keys", "AndroidVersion", "13"))
    assert [clock.offset for clock in android.clocks] == ["+00:00"]


def test_a_videos_times_and_place():
    found = view(
        ("QuickTime", "QuickTime", "CreateDate", "2024:05:06 07:08:09"),
        ("QuickTime", "QuickTime", "ModifyDate", "2024:05:06 07:08:09"),
        ("QuickTime", "Keys", "CreationDate", "2024:05:06 09:08:09+02:00"),
        ("QuickTime", "Keys", "GPSCoordinates", "-33.85840000, -151.20000000, 12.5 m Above"),
    )
    assert [(clock.local, clock.offset, clock.clock) for clock in found.clocks] == [
        ("2024-05-06T09:08:09", "+02:00", "camera"),
        ("2024-05-06T07:08:09", "+00:00", "camera"),
        ("2024-05-06T07:08:09", "+00:00", "camera"),
    ]
    assert found.place == Place(-33.8584, -151.2, 12.5)


def gps(latitude, longitude, north="North", east="East", *more):
    return view(
        ("EXIF", "GPS", "GPSLatitude", latitude),
        ("EXIF", "GPS", "GPSLatitudeRef", north),
        ("EXIF", "GPS", "GPSLongitude", longitude),
        ("EXIF", "GPS", "GPSLongitudeRef", east),
        *more,
    ).place


def test_places():
    assert gps("10.5", "20.25") == Place(10.5, 20.25)
    assert gps("10.5", "20.25", "S", "West") == Place(-10.5, -20.25)
    assert gps("0.0", "0.0") == Place(0.0, 0.0)
    height = [("EXIF", "GPS", "GPSAltitude", "12.5 m"), ("EXIF", "GPS", "GPSAltitudeRef", "1")]
    assert gps("10.5", "20.25", "N", "E", *height) == Place(10.5, 20.25, -12.5)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("91", "0"),
        ("0", "181"),
        ("undef", "0"),
        ("inf", "0"),
        ("nan", "1"),
        ("", "1"),
        ("9e99", "1"),
    ],
)
def test_what_lies_not_on_earth_is_no_place(latitude, longitude):
    assert gps(latitude, longitude) is None


def test_a_place_without_hemisphere_is_none():
    assert gps("10.5", "20.25", "", "") is None


def test_other_sources_of_a_place():
    signed = view(
        ("XMP", "XMP-exif", "GPSLatitude", "-10.50000000"),
        ("XMP", "XMP-exif", "GPSLongitude", "+20.25000000"),
    )
    assert signed.place == Place(-10.5, 20.25)
    video = view(("QuickTime", "UserData", "GPSCoordinates", "+48.5, -2.25, 35 m Above Sea Level"))
    assert video.place == Place(48.5, -2.25, 35.0)
